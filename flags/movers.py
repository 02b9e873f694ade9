"""What moves flags by itself stands above this app; how it ends, and what a change does to it, is handed in.

The road of docs/decisions/0006-segments-publish-through-a-road-handed-in.md: called inside the transaction, by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from accounts.actors import Actor
from accounts.models import Environment
from flags.models import FlagState

Documents = Mapping[str, dict[str, Any] | None]
"""By key what flags would be; None: deleted."""


@dataclass(frozen=True)
class Foreseen:
    """What a change would do to what moves a flag, in a sentence; and how that stands now."""

    key: str
    says: str
    proof: str


class Mover(Protocol):
    """What an app above hands in."""

    def end(self, states: Sequence[FlagState], *, by: Actor, comment: str) -> None:
        """End what moves these states, whose flag is about to be deleted and whose environments are locked."""

    def foresee(self, environment: Environment, flags: Documents) -> Iterable[Foreseen]:
        """Return what would become of what moves these flags in an environment."""


_handed_in: Final[list[Mover]] = []


def moved_by(mover: Mover) -> None:
    """Set what moves flags."""
    _handed_in[:] = [mover]


def end_with_flag(states: Sequence[FlagState], *, by: Actor, comment: str) -> None:
    """End what moves a flag that is about to be deleted."""
    for mover in _handed_in:
        mover.end(states, by=by, comment=comment)


def foreseen(environment: Environment, flags: Documents) -> Iterator[Foreseen]:
    """Return what would become of what moves these flags, when they are changed to this."""
    for mover in _handed_in:
        yield from mover.foresee(environment, flags)
