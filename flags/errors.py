"""What flags refuses."""

from flagsite.lib.problems import Conflict, NotFound, Refusal


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
