"""Change requests: proposed, reviewed, approved, merged, published. Each step is one of these services."""

from flags.services.change_requests.approving import approvals_in_force, approvals_of, approve
from flags.services.change_requests.asking import propose_wishes, revise_by_wishes
from flags.services.change_requests.ending import decline, withdraw
from flags.services.change_requests.merging import compare, merge
from flags.services.change_requests.proposing import propose, revise
from flags.services.change_requests.publishing import (
    publish_change_request,
    publish_due,
    schedule_change_request,
    unschedule_change_request,
)
from flags.services.change_requests.rehearsing import Difference, rehearse
from flags.services.change_requests.telling import Told, told_from_json, told_of

__all__ = [
    "Difference",
    "Told",
    "approvals_in_force",
    "approvals_of",
    "approve",
    "compare",
    "decline",
    "merge",
    "propose",
    "propose_wishes",
    "publish_change_request",
    "publish_due",
    "rehearse",
    "revise",
    "revise_by_wishes",
    "schedule_change_request",
    "told_from_json",
    "told_of",
    "unschedule_change_request",
    "withdraw",
]
