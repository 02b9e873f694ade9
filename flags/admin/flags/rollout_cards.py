"""What moves a flag's percentages by itself, as the flag's page tells it in each environment.

Apps above hand it in with `cards_found_by`: ramps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from accounts.permissions import Access
from flags.models import Flag


@dataclass(frozen=True)
class Watched:
    """What is watched meanwhile, as a sentence; and what was found last: in words, with a colour and a sign."""

    sentence: str
    words: str
    colour: str
    icon: str


@dataclass(frozen=True)
class Action:
    """What can be done by a button: what it is called, what it says before it is done, and where it is sent.

    `version` is that of what was shown; `kind` a style of buttons, empty for a plain one.
    """

    words: str
    icon: str
    told: str
    address: str
    version: int
    kind: str = ""


@dataclass(frozen=True)
class RolloutCard:
    """What the card of one environment says, and where it leads.

    `moves` is what is moved just now: the id of a rule, empty for the default rule, None for nothing.
    """

    label: str
    colour: str
    sentences: tuple[str, ...]
    percentage: float | None
    """How far it has come, for the bar."""
    marks: tuple[float, ...] = ()
    """The percentages of its steps."""
    bar: str = "quiet"
    """The colour of the bar."""
    links: tuple[tuple[str, str], ...] = ()
    """Words and addresses; the first is the one that most want."""
    moves: str | None = None
    watched: tuple[Watched, ...] = ()
    actions: tuple[Action, ...] = ()
    """What the person may do with it here."""


Find = Callable[[Access, Flag], Mapping[str, RolloutCard]]

_found_above: Final[list[Find]] = []


def cards_found_by(find: Find) -> None:
    """Set how the app above finds the cards of a flag, by key of the environment."""
    _found_above[:] = [find]


def rollout_cards(access: Access, flag: Flag) -> dict[str, RolloutCard]:
    """Return the cards of a flag's page."""
    return {key: card for find in _found_above for key, card in find(access, flag).items()}
