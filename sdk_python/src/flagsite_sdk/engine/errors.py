"""What can be wrong with a definition, a context or a delta.

Exception
├── Malformed        a definition that cannot be used, with every problem found in it
├── InvalidContext   who is asking is not said: no mapping, or no text `id`
├── UnknownFlag      (a KeyError) no flag of that key
└── Gap              a delta that starts after the revision we hold
"""

from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong with a document, and where."""

    path: str
    """Where, as `rules[0].if.all[1].value`; empty for the whole document."""
    message: str
    """What, as a sentence."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Malformed(Exception):
    """A definition that cannot be used.

    Attributes:
        problems: Every problem found, at least one, in the order of the document.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


class InvalidContext(Exception):
    """The context is not a mapping with a text `id`."""


class UnknownFlag(KeyError):
    """There is no flag of that key.

    Attributes:
        key: The key that was asked for.
    """

    def __init__(self, key: object) -> None:
        self.key = key
        super().__init__(key)

    def __str__(self) -> str:
        return f"There is no flag {self.key!r}."


class Gap(Exception):
    """A delta that cannot be applied, because revisions before it are missing here.

    Attributes:
        revision: The revision that is held.
        since: The revision from which the delta starts.
    """

    def __init__(self, *, revision: int, since: int) -> None:
        self.revision = revision
        self.since = since
        super().__init__(f"The delta starts at revision {since}, but only {revision} is held.")
