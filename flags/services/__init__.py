"""The only writers of the flags app. Whoever changes a flag, by whatever road, calls one of these."""

from flags.services.changes import create_flag, delete_flag, update_flag
from flags.services.environments import open_environment
from flags.services.everywhere import update_flag_everywhere
from flags.services.fields import FlagFields
from flags.services.reports import forget_reports, receive_report
from flags.services.restore import restore_flag

__all__ = [
    "FlagFields",
    "create_flag",
    "delete_flag",
    "forget_reports",
    "open_environment",
    "receive_report",
    "restore_flag",
    "update_flag",
    "update_flag_everywhere",
]
