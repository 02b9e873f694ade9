"""Which flags have outlived their use, and why, in a sentence. Pure: facts about a flag go in, a reason comes out.

A reason is a hint for a person, never a cause of anything. Flags that are meant to stay are never stale: those that
carry one of the tags in `PERMANENT`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

PERMANENT: Final = frozenset({"kill-switch", "permission", "configuration"})
"""Tags of flags that are meant to stay; the templates of new flags give them (flags/editing/starters.py)."""
RELEASE: Final = "release"
"""The tag of a flag that has done its work once everybody has the feature."""
NOT_ASKED_DAYS: Final = 30
"""So long nobody has asked for a flag that is on."""
ROLLED_OUT_DAYS: Final = 14
"""So long everybody has had what a release flag brings."""
SAME_FOR_ALL_DAYS: Final = 60
"""So long everybody has had the same variation, in every environment."""
OFF_DAYS: Final = 90
"""So long a flag has been off in every environment."""

Document = Mapping[str, Any]


class Kind(StrEnum):
    """Why a flag is stale."""

    NOT_ASKED = "not-asked"
    ROLLED_OUT = "rolled-out"
    SAME_FOR_ALL = "same-for-all"
    OFF = "off"


@dataclass(frozen=True)
class Stale:
    """A flag is stale: what kind of reason it is, in a word or two, and the whole reason."""

    kind: Kind
    word: str
    sentence: str


@dataclass(frozen=True)
class StateFacts:
    """A flag in one environment: what it may serve at all, since when, and when it was last asked for."""

    environment: str
    enabled: bool
    off_variation: str
    served: frozenset[str]
    changed_at: datetime
    asked_at: datetime | None
    is_watched: bool
    """Whether SDKs have reported from the environment lately; if none has, silence says nothing about a flag."""


def staleness(tags: Collection[str], states: Sequence[StateFacts], *, now: datetime) -> Stale | None:
    """Return why the flag is stale; None when it is not.

    Args:
        tags: the flag's.
        states: in the order of the environments, the last of which is where the flag does its work.
        now: the present.
    """
    if not states or PERMANENT & set(tags):
        return None
    return (
        _not_asked(states, now)
        or (_rolled_out(states[-1], now) if RELEASE in tags else None)
        or _same_for_all(states, now)
        or _off(states, now)
    )


def served_at_all(document: Document) -> frozenset[str]:
    """Return every variation that somebody may get from this state."""
    off = document["off_variation"]
    if not document["enabled"]:
        return frozenset({off})
    found = {target["variation"] for target in document["targets"] if target["ids"]}
    for rule in document["rules"]:
        if rule.get("rollout_percentage", 100) > 0:
            found |= _served(rule["serve"], off)
    if document["rollout_percentage"] > 0:
        found |= _served(document["fallthrough"], off)
    if document["rollout_percentage"] < 100 or document["prerequisites"]:  # noqa: PLR2004 - a percentage
        found.add(off)
    return frozenset(found)


def _served(serve: Document, off: str) -> set[str]:
    """Return what is served; whoever has nothing to be bucketed by gets the off variation of a split."""
    if "split" not in serve:
        return {serve["variation"]}
    return {share["variation"] for share in serve["split"] if share["weight"] > 0} | {off}


def _not_asked(states: Sequence[StateFacts], now: datetime) -> Stale | None:
    on = [state for state in states if state.enabled]
    watched = [state for state in on if state.is_watched]
    since = max((state.changed_at for state in on), default=now)
    last = max((state.asked_at for state in states if state.asked_at), default=None)
    if not watched or _days(since, now) < NOT_ASKED_DAYS or (last and _days(last, now) < NOT_ASKED_DAYS):
        return None
    told = f"for {_days(last, now)} days" if last else "since it was last changed"
    return Stale(Kind.NOT_ASKED, "not asked for", f"No SDK has asked for it {told}, though it is on.")


def _rolled_out(state: StateFacts, now: datetime) -> Stale | None:
    days = _days(state.changed_at, now)
    if not state.enabled or len(state.served) != 1 or state.off_variation in state.served or days < ROLLED_OUT_DAYS:
        return None
    (variation,) = state.served
    where = f"Everybody in {state.environment} has had “{variation}” for {days} days"
    return Stale(Kind.ROLLED_OUT, "rolled out", f"{where}: the feature is out, the flag can go.")


def _same_for_all(states: Sequence[StateFacts], now: datetime) -> Stale | None:
    served = frozenset[str]().union(*(state.served for state in states))
    days = _days(max(state.changed_at for state in states), now)
    if len(served) != 1 or not any(state.enabled for state in states) or days < SAME_FOR_ALL_DAYS:
        return None
    (variation,) = served
    sentence = f"Everybody has had “{variation}” in every environment for {days} days: it decides nothing."
    return Stale(Kind.SAME_FOR_ALL, "decides nothing", sentence)


def _off(states: Sequence[StateFacts], now: datetime) -> Stale | None:
    days = _days(max(state.changed_at for state in states), now)
    if any(state.enabled for state in states) or days < OFF_DAYS:
        return None
    return Stale(Kind.OFF, "off everywhere", f"Off in every environment, and nobody has changed it for {days} days.")


def _days(since: datetime, now: datetime) -> int:
    return max(now - since, timedelta()).days
