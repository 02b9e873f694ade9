"""What a log line tells of an exception: of which kind it is and where it happened, and not in which words.

Those words may quote what could not be handled: an attribute, an id, a row of the database. They are kept of exceptions
that are about machines (`ABOUT_MACHINES`), because there they are what one looks for. Frames are told by their source,
which is ours, never by the values of their variables. How Sentry is held to the same: `flagsite.error_reports`.
"""

import sys
import traceback
from collections.abc import Iterator
from typing import Any, Final

from structlog.types import EventDict, ExcInfo

ABOUT_MACHINES: Final = {
    "builtins.OSError",
    "django.core.exceptions.ImproperlyConfigured",
    "django.db.utils.InterfaceError",
    "django.db.utils.OperationalError",
    "psycopg.InterfaceError",
    "psycopg.OperationalError",
    "redis.exceptions.ConnectionError",
    "redis.exceptions.TimeoutError",
}
"""By name, so that logging loads none of them. No value that was to be written or compared is in their words."""

CAUSED: Final = "\nThe above exception was the direct cause of the following exception:\n"
MEANWHILE: Final = "\nDuring handling of the above exception, another exception occurred:\n"


def without_words(logger: Any, method: str, line: EventDict) -> EventDict:
    """Put what may be told of the line's exception in the place of `exc_info` (a processor of structlog).

    Where a stranger's text quotes it (`Task … raised unexpected: ValueError(…)`), only the kind is left there.
    """
    del logger, method
    error = _exception_in(line.pop("exc_info", None))
    if error is not None:
        line["exception"] = "\n".join(_told(error))
        for quoted in (repr(error), str(error)):
            if quoted and isinstance(line.get("event"), str) and not _is_about_machines(error):
                line["event"] = line["event"].replace(quoted, type(error).__name__)
    return line


def _exception_in(given: ExcInfo | BaseException | bool | None) -> BaseException | None:
    """Return the exception that logging was given in one of its three forms, if it was."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1]
    return sys.exc_info()[1] if given else None


def _told(error: BaseException, seen: frozenset[int] = frozenset()) -> Iterator[str]:
    """Tell what Python's own traceback tells, in its order, without the words."""
    seen |= {id(error)}
    before, link = error.__cause__, CAUSED
    if before is None and not error.__suppress_context__:
        before, link = error.__context__, MEANWHILE
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield link
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):"
        yield "".join(traceback.format_tb(error.__traceback__)).rstrip()
    kind = type(error)
    named = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    yield f"{named}: {error}" if _is_about_machines(error) else named
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield "  " + "\n".join(_told(each, seen)).replace("\n", "\n  ")


def _is_about_machines(error: BaseException) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" in ABOUT_MACHINES for kind in type(error).__mro__)
