"""The tables of the flags app: definitions, revisions, and what SDKs report."""

from flags.models.change_request import Approval, ChangeRequest
from flags.models.flag import Flag, FlagState, FlagTag, FlagType, Prerequisite, SegmentUse
from flags.models.last_evaluation import LastEvaluation
from flags.models.recent_context import RecentContext
from flags.models.recorded_evaluation import RecordedEvaluation
from flags.models.report import EvaluationCount, ReportBatch, TrackedEvent
from flags.models.revision import Revision, RevisionItem

__all__ = [
    "Approval",
    "ChangeRequest",
    "EvaluationCount",
    "Flag",
    "FlagState",
    "FlagTag",
    "FlagType",
    "LastEvaluation",
    "Prerequisite",
    "RecentContext",
    "RecordedEvaluation",
    "ReportBatch",
    "Revision",
    "RevisionItem",
    "SegmentUse",
    "TrackedEvent",
]
