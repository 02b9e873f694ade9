"""What a refused request gets: RFC 9457 `application/problem+json`, with a stable `code`.

    Refusal                     400  REFUSED            the request was understood and cannot be done
    ├── InvalidInput            400  INVALID            each place that is wrong, with its reason
    ├── NotSignedIn             401  NOT_AUTHENTICATED
    ├── NotAllowed              403  NOT_ALLOWED
    ├── NotFound                404  NOT_FOUND
    ├── Conflict                409  CONFLICT
    ├── StaleVersion            412  STALE_VERSION
    ├── TooLarge                413  TOO_LARGE
    ├── TooManyRequests         429  TOO_MANY_REQUESTS  with `Retry-After`
    └── Unavailable             503  UNAVAILABLE

Apps raise these, or subclasses with a code of their own, from their services; admin and API both understand them.
How they become responses is `flagsite.lib.problem_responses`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any, ClassVar, Final, Self

CONTENT_TYPE = "application/problem+json"
MAX_ERRORS: Final = 100
"""Wrong places that an answer names; the others are counted."""
MAX_PATH: Final = 300
MAX_MESSAGE: Final = 1_000
"""Characters of a path and of a message: both may repeat what was sent."""


@dataclass(frozen=True)
class InputError:
    """One place in the input that is wrong: `rules[0].if.value`, and why, in a sentence."""

    path: str
    message: str


class Refusal(Exception):
    """A request that was understood and cannot be done; nothing has been changed."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "REFUSED"
    type: ClassVar[str] = "about:blank"
    """Address of the way out, on this server, where there is one to name; `title` then says what is wrong."""
    title: ClassVar[str] = ""

    def __init__(self, detail: str, *, errors: Iterable[InputError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)

    @property
    def headers(self) -> dict[str, str]:
        """What goes with the answer beside the problem."""
        return {}


class InvalidInput(Refusal):
    """The input is wrong in the places that `errors` names."""

    code = "INVALID"

    @classmethod
    def at(cls, path: str, message: str) -> Self:
        """Return the refusal of one place."""
        return cls.of([InputError(path, message)])

    @classmethod
    def of(cls, errors: Iterable[InputError]) -> Self:
        """Return the refusal of several places."""
        listed = tuple(errors)
        first = listed[0]
        more = f" (and {len(listed) - 1} more)" if len(listed) > 1 else ""
        where = f"{_short(first.path, MAX_PATH)}: " if first.path else ""
        return cls(f"{where}{_short(first.message, MAX_MESSAGE // 2)}{more}", errors=listed)


class NotSignedIn(Refusal):
    """There is no key, or none that is in force."""

    status = 401
    code = "NOT_AUTHENTICATED"

    @property
    def headers(self) -> dict[str, str]:
        """Name what is asked for (RFC 9110, 11.6.1)."""
        return {"WWW-Authenticate": "Bearer"}


class NotAllowed(Refusal):
    """The one who asks is known and may not do this."""

    status = 403
    code = "NOT_ALLOWED"


class NotFound(Refusal):
    """It does not exist, or the one who asks may not know that it does."""

    status = 404
    code = "NOT_FOUND"


class Conflict(Refusal):
    """It does not go together with what is there."""

    status = 409
    code = "CONFLICT"


class StaleVersion(Refusal):
    """Somebody else changed it since the version that the caller saw."""

    status = 412
    code = "STALE_VERSION"

    @classmethod
    def unless(cls, wanted: int | None, *, present: int, what: str) -> None:
        """Pass when the caller saw the present version, or does not mind which it is (None).

        Raises:
            StaleVersion: naming both versions.
        """
        if wanted is not None and wanted != present:
            raise cls(f"The {what} is at version {present}, not {wanted}; read it again.")


class TooLarge(Refusal):
    """The input is over a limit; the message says which."""

    status = 413
    code = "TOO_LARGE"


class TooManyRequests(Refusal):
    """Whoever asks has asked too often; nothing has been changed."""

    status = 429
    code = "TOO_MANY_REQUESTS"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        """Say what is too much, and in how many seconds there is room again."""
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Say when to come back, in whole seconds, of which there is at least one (RFC 9110, 10.2.3)."""
        return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}


class Unavailable(Refusal):
    """Something that is needed does not answer; nothing has been changed, and trying again later may help."""

    status = 503
    code = "UNAVAILABLE"

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        """Say what is not there, and in how many seconds to come back if that is known."""
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """Say when to come back (RFC 9110, 10.2.3)."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    @classmethod
    def database(cls) -> "Unavailable":
        """Return the refusal for when the database is away."""
        return cls("The database does not answer; try again in a moment.")


def document(*, status: int, code: str, detail: str, errors: Iterable[InputError] = ()) -> dict[str, Any]:
    """Return the problem as RFC 9457 members plus `code` and, when there are any, `errors`."""
    problem: dict[str, Any] = {
        "type": Refusal.type,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _short(detail, MAX_MESSAGE),
    }
    named = islice(errors, MAX_ERRORS)
    listed = [{"path": _short(each.path, MAX_PATH), "message": _short(each.message, MAX_MESSAGE)} for each in named]
    return problem | ({"errors": listed} if listed else {})


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def of_refusal(refusal: Refusal) -> dict[str, Any]:
    """Return the problem document of a refusal."""
    found = document(status=refusal.status, code=refusal.code, detail=refusal.detail, errors=refusal.errors)
    return found | {"type": refusal.type, "title": refusal.title or found["title"]}
