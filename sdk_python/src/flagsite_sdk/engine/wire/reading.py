"""How a document is read: by type, with a path to everything that is wrong, and without ever giving up early.

Nothing here knows what the documents mean.
"""

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from flagsite_sdk.engine.errors import Malformed, Problem
from flagsite_sdk.engine.model import BUCKETS

DEEPEST_VALUE = 64
"""How deep the value of a json flag may be nested."""

MOST_PROBLEMS = 1_000
"""Problems of one document that are noted."""

KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
KEY_WORDS = "1 to 128 characters of a-z, 0-9, '.', '_' and '-', and starts with a letter or a digit"


class Reader:
    """Collects the problems of one document."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, path: str, message: str) -> None:
        """Note that something is wrong, unless so much is that nobody will read it all."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(path, message))

    def finish(self) -> None:
        """Raise Malformed if anything was wrong."""
        if self.problems:
            raise Malformed(self.problems)

    def fields(
        self, document: Any, path: str, *, required: Iterable[str] = (), optional: Iterable[str] = ()
    ) -> Mapping[str, Any]:
        """The document as an object; problems for what is missing and for what is not known."""
        if not isinstance(document, dict):
            self.problem(path, "Must be an object.")
            return {}
        required = tuple(required)
        known = {*required, *optional}
        for name in required:
            if name not in document:
                self.problem(below(path, name), "Is missing.")
        for name in document:
            if name not in known:
                self.problem(below(path, name), "Is not a known field.")
        return document

    def text(self, document: Any, path: str, *, empty: bool = False) -> str:
        """Text, not empty unless that is allowed."""
        if not isinstance(document, str):
            self.problem(path, "Must be text.")
        elif not document and not empty:
            self.problem(path, "Must not be empty.")
        elif not is_unicode(document):
            self.problem(path, "Is not valid Unicode text.")
        else:
            return document
        return ""

    def key(self, document: Any, path: str) -> str:
        """A key of a flag, segment, variation or rule."""
        if isinstance(document, str) and KEY.fullmatch(document):
            return document
        self.problem(path, f"A key is {KEY_WORDS}.")
        return ""

    def boolean(self, document: Any, path: str) -> bool:
        """True or false."""
        if isinstance(document, bool):
            return document
        self.problem(path, "Must be true or false.")
        return False

    def items(self, document: Any, path: str, *, empty: bool = False) -> list[tuple[str, Any]]:
        """The items of a list with their paths; not empty unless that is allowed."""
        if not isinstance(document, list | tuple):
            self.problem(path, "Must be a list.")
            return []
        if not document and not empty:
            self.problem(path, "The list must not be empty.")
        return [(f"{path}[{index}]", item) for index, item in enumerate(document)]

    def share(self, document: Any, path: str) -> int:
        """A percentage with at most three decimals, as whole buckets."""
        if isinstance(document, bool) or not isinstance(document, int | float) or not 0 <= document <= 100:  # noqa: PLR2004
            self.problem(path, "Must be a percentage from 0 to 100.")
            return BUCKETS
        if isinstance(document, int):
            return document * 1_000
        thousandths = Decimal(repr(document)) * 1_000
        if thousandths != int(thousandths):
            self.problem(path, "A percentage has at most three decimals.")
        return int(thousandths)

    def json(self, document: Any, path: str) -> None:
        """Any JSON value: finite numbers, Unicode text, and not nested endlessly."""
        fault = json_fault(document)
        if fault:
            self.problem(path, fault)


def below(path: str, name: object) -> str:
    """The path of a field."""
    return f"{path}.{name}" if path else str(name)


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8; a lone surrogate cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def json_fault(document: Any) -> str | None:
    """What keeps a value from being JSON, None when nothing does. Goes level by level, not by recursion."""
    level = [document]
    for _ in range(DEEPEST_VALUE):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value
                inner += value.values()
                if not all(isinstance(name, str) for name in value):
                    return "The names in an object must be text."
            elif isinstance(value, list):
                inner += value
            elif not _is_scalar(value):
                return "Must be a JSON value: finite numbers and valid Unicode text."
        if not inner:
            return None
        level = inner
    return f"Is nested deeper than {DEEPEST_VALUE} levels."


def _is_scalar(value: Any) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    return value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
