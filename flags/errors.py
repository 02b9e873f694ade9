"""What flags refuses."""

from flagsite.lib.problems import Conflict, NotFound


class FlagNotFound(NotFound):
    """No such flag in the project."""

    code = "FLAG_NOT_FOUND"


class FlagInUse(Conflict):
    """Other flags have it as a prerequisite, so it cannot be deleted."""

    code = "FLAG_IN_USE"


class RevisionNotFound(NotFound):
    """The environment has no such revision, or it does not concern the flag."""

    code = "REVISION_NOT_FOUND"
