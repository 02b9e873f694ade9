"""What flags refuses."""

from collections.abc import Iterable
from typing import Self

from flagsite.lib.problems import Conflict, InputError, InvalidInput, NotAllowed, NotFound, Refusal


class FlagNotFound(NotFound):
    """No such flag in the project."""

    code = "FLAG_NOT_FOUND"


class FlagInUse(Conflict):
    """Other flags have it as a prerequisite, so it cannot be deleted."""

    code = "FLAG_IN_USE"


class FlagUnusable(Refusal):
    """The flag's definition cannot be used; the other flags can."""

    status = 422
    code = "MALFORMED_FLAG"


class RevisionNotFound(NotFound):
    """The environment has no such revision, or it does not concern the flag."""

    code = "REVISION_NOT_FOUND"


class ApprovalRequired(Conflict):
    """The environment asks for a second person, and nobody has approved this change."""

    code = "APPROVAL_REQUIRED"
    type = "/docs#/change-requests/create_change_request"
    title = "Approval required"


class OwnChange(NotAllowed):
    """Nobody approves a change that is their own, or that they had a hand in."""

    code = "OWN_CHANGE"


class NotOwnChange(Conflict):
    """Somebody else's change is declined, with a reason, and not taken back in their place."""

    code = "NOT_OWN_CHANGE"


class NotPending(Conflict):
    """The change request was published, declined or withdrawn: nothing more can be done with it."""

    code = "NOT_PENDING"


class NotScheduled(Conflict):
    """The change request has no moment at which it would be published."""

    code = "NOT_SCHEDULED"


class ChangeRequestNotFound(NotFound):
    """The project has no such change request."""

    code = "CHANGE_REQUEST_NOT_FOUND"


class InvalidEdit(InvalidInput):
    """One of several edits is wrong; `edit` says which, counted from 0."""

    edit: int = 0

    @classmethod
    def number(cls, edit: int, errors: Iterable[InputError]) -> Self:
        """Return the refusal of one edit."""
        refusal = cls.of(errors)
        refusal.edit = edit
        return refusal


class NothingChanges(Refusal):
    """What was asked for is what is already there."""

    code = "NOTHING_CHANGES"
