"""The tables of the flags app: definitions, revisions, and what SDKs report."""

from flags.models.change_request import Approval, ChangeRequest, Concern
from flags.models.counts import DayCount, EvaluationCount, HourCount, HourTotal
from flags.models.flag import Flag, FlagState, FlagTag, FlagType, Prerequisite, SegmentUse
from flags.models.last_evaluation import LastEvaluation
from flags.models.recent_context import RecentContext
from flags.models.recorded_evaluation import RecordedEvaluation
from flags.models.report import ReportBatch, TrackedEvent
from flags.models.revision import Revision, RevisionItem
from flags.models.sdk_instance import SdkInstance
from flags.models.sdk_loss import SdkLoss

__all__ = [
    "Approval",
    "ChangeRequest",
    "Concern",
    "DayCount",
    "EvaluationCount",
    "Flag",
    "FlagState",
    "FlagTag",
    "FlagType",
    "HourCount",
    "HourTotal",
    "LastEvaluation",
    "Prerequisite",
    "RecentContext",
    "RecordedEvaluation",
    "ReportBatch",
    "Revision",
    "RevisionItem",
    "SdkInstance",
    "SdkLoss",
    "SegmentUse",
    "TrackedEvent",
]
