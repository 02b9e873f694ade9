"""What the SDK can complain about, and to whom.

::

    FlagsiteError
    ├── InvalidSettings (also a ValueError)   raised by FlagClient(...) and by flagsite_sdk.testing only
    │   └── UnusableBootstrap                 the bootstrap file or document cannot be read as a snapshot
    └── ServerProblem                         stays in the background threads; shows in client.status().error
        ├── Unreachable                       no answer: refused, reset, timed out, no such host, TLS
        ├── Unauthorized                      401 or 403: the key is unknown, revoked or of another kind
        ├── Refused                           any other answer than the wanted one; may say when to come back
        └── Unreadable                        an answer or a frame that is not what the contract promises

Reads (``is_enabled``, ``evaluate``…) raise none of them: what goes wrong there becomes the caller's default,
an ``error_code`` in ``evaluate_detail``, a count and a log line.
"""


class FlagsiteError(Exception):
    """Whatever this package raises."""


class InvalidSettings(FlagsiteError, ValueError):
    """A setting that cannot be used; the message names it, what it was, and what it must be."""


class UnusableBootstrap(InvalidSettings):
    """A bootstrap that is not a snapshot."""


class ServerProblem(FlagsiteError):
    """The server did not give what was asked of it; ``retry_after`` is in seconds, if it said so."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(ServerProblem):
    """No answer at all."""


class Unauthorized(ServerProblem):
    """The key does not open this door."""


class Refused(ServerProblem):
    """An answer, but not the wanted one."""

    def __init__(self, message: str, *, status: int, retry_after: float | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status


class Unreadable(ServerProblem):
    """An answer that does not read as the contract says."""
