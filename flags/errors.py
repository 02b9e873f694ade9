"""What flags refuses."""

from flagsite.lib.problems import Conflict, NotAllowed, NotFound, Refusal


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


class OwnChange(NotAllowed):
    """Nobody approves a change that is their own, or that they had a hand in."""

    code = "OWN_CHANGE"


class NotPending(Conflict):
    """The change request was published or withdrawn: nothing more can be done with it."""

    code = "NOT_PENDING"


class NothingChanges(Refusal):
    """What was asked for is what is already there."""

    code = "NOTHING_CHANGES"
