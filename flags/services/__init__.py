"""The only writers of the flags app. Whoever changes a flag, by whatever road, calls one of these."""

from flags.services.change_requests import (
    approve,
    decline,
    merge,
    propose,
    propose_wishes,
    publish_change_request,
    publish_due,
    rehearse,
    revise,
    revise_by_wishes,
    schedule_change_request,
    unschedule_change_request,
    withdraw,
)
from flags.services.changes import create_flag, delete_flag, update_flag
from flags.services.contexts import forget_contexts, note_contexts
from flags.services.environments import open_environment
from flags.services.evaluations import forget_evaluations, forget_evaluations_of, record_evaluations
from flags.services.everywhere import update_flag_everywhere
from flags.services.fields import FlagFields
from flags.services.instances import note_instances
from flags.services.partitions import make_partitions
from flags.services.recreating import recreate_flag
from flags.services.reports import forget_reports, receive_report
from flags.services.restore import restore_flag
from flags.services.rollups import roll_up_counts
from flags.services.turning_off import turn_off_flag

__all__ = [
    "FlagFields",
    "approve",
    "create_flag",
    "decline",
    "delete_flag",
    "forget_contexts",
    "forget_evaluations",
    "forget_evaluations_of",
    "forget_reports",
    "make_partitions",
    "merge",
    "note_contexts",
    "note_instances",
    "open_environment",
    "propose",
    "propose_wishes",
    "publish_change_request",
    "publish_due",
    "receive_report",
    "record_evaluations",
    "recreate_flag",
    "rehearse",
    "restore_flag",
    "revise",
    "revise_by_wishes",
    "roll_up_counts",
    "schedule_change_request",
    "turn_off_flag",
    "unschedule_change_request",
    "update_flag",
    "update_flag_everywhere",
    "withdraw",
]
