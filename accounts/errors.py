"""What accounts refuses."""

from flagsite.lib.problems import Conflict, NotAllowed, NotFound


class MissingRole(NotAllowed):
    """The person has no role in the project that would allow this."""

    code = "MISSING_ROLE"


class ProjectNotFound(NotFound):
    """No such project, or one on which the person has no role."""

    code = "PROJECT_NOT_FOUND"


class EnvironmentNotFound(NotFound):
    """No such environment in the project."""

    code = "ENVIRONMENT_NOT_FOUND"


class KeyTaken(Conflict):
    """Something else has this key already."""

    code = "KEY_TAKEN"


class KeyNotInForce(Conflict):
    """The key is revoked or has expired, so it has no successor."""

    code = "KEY_NOT_IN_FORCE"


class ServerKeyNotFound(NotFound):
    """No such server key in the project."""

    code = "SERVER_KEY_NOT_FOUND"


class PersonNotFound(NotFound):
    """Nobody has that name."""

    code = "PERSON_NOT_FOUND"


class InvitationNotFound(NotFound):
    """No such invitation into the project."""

    code = "INVITATION_NOT_FOUND"
