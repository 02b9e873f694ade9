"""Changes by hand of what a ramp moves: the ramp gives way, and says why.

A ramp that is held already takes note: its guardrails go on, and have to know who is inside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import structlog
from django.db import InterfaceError, OperationalError, transaction

from accounts.actors import Actor, Source
from flags.models import FlagState, RevisionItem
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import changes_since, held_ramps, last_change, lock_ramp, ramps
from rollouts.services.log import note_seen, put_down
from rollouts.services.stopping import pause
from rollouts.target import Target, state_like
from rollouts.wording import percent

log = structlog.get_logger(__name__)


def overridden(ramp: Ramp) -> str | None:
    """Return in a sentence what somebody has changed of what the ramp moves since it last moved it; None: nothing.

    What was changed and changed back counts: whoever did it had a reason.
    """
    found = interference(ramp, ramp.state)
    if found is not None:
        change = last_change(ramp.state)
        return f"{found.what}{_by_whom(change) if change else ''}{found.expected}."
    return _meanwhile(ramp).reason


@dataclass(frozen=True)
class Interference:
    """What was done, as the beginning of a sentence; how it ends while it is so, and when it was taken back."""

    what: str
    expected: str
    again: str


def interference(ramp: Ramp, state: FlagState) -> Interference | None:
    """Return what of a state is not as the ramp left it."""
    target = Target(state, ramp.rule)
    expected = ramp.percentage_before if ramp.percentage is None else ramp.percentage
    if target.is_gone:
        return Interference("The rule was removed", "", "it is there again")
    if target.percentage != expected:
        before = "the ramp had set" if ramp.percentage is not None else "it had been"
        what = f"{target} was set to {percent(target.percentage)} by hand"
        return Interference(
            what[0].upper() + what[1:], f"; {before} {percent(expected)}", f"it is at {percent(expected)} again"
        )
    if ramp.buckets not in (None, target.buckets):
        what = "What its buckets are made of was changed, and everybody falls anew"
        return Interference(what, "", "it is as it was again")
    if not state.enabled and not (ramp.turns_on and not ramp.has_begun):
        return Interference("The flag was turned off", "", "it is on again")
    return None


@dataclass(frozen=True)
class _Look:
    """What was found in revisions since the ramp's last look, and up to which one was looked."""

    reason: str | None
    revision: int | None


def _meanwhile(ramp: Ramp) -> _Look:
    """Look for what was changed of what the ramp moves, though it now is as it was."""
    latest = ramp.seen_revision
    if latest is None or ramp.seen_version == ramp.state.version:
        return _Look(None, latest)
    for item in changes_since(ramp.state, latest):
        was = item.document()
        found = None if was is None else interference(ramp, state_like(was, ramp.state))
        if found is not None:
            return _Look(f"{found.what}{_by_whom(item)}; {found.again}.", item.number)
        latest = item.number
    return _Look(None, latest)


def take_over(ramp: Ramp) -> None:
    """Take the flag as it stands now for what the (locked) ramp knows: all revisions up to here were its own, or seen.

    The caller keeps it.
    """
    ramp.seen_version, ramp.seen_revision = ramp.state.version, ramp.state.environment.revision


def _by_whom(change: RevisionItem) -> str:
    return f", by {change.revision.actor_label} in revision {change.number}"


def pause_overridden() -> int:
    """Pause every running ramp whose rollout somebody has changed by hand; return how many."""
    return sum(safely(_pause, ramp) for ramp in ramps().filter(status=Ramp.Status.RUNNING))


def note_overridden() -> int:
    """Put down what somebody has changed by hand of what held ramps move; return of how many."""
    return sum(safely(_note, ramp) for ramp in held_ramps())


def safely(do: Callable[[Ramp], bool], ramp: Ramp) -> bool:
    """Do something with one ramp; what goes wrong with it must not hold up others, unless the database is away."""
    try:
        return do(ramp)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("ramp_failed", ramp=ramp.pk, work=do.__name__.strip("_"))
        return False


def _pause(ramp: Ramp) -> bool:
    if interference(ramp, ramp.state) is not None:
        return _pause_held(ramp)
    look = _meanwhile(ramp)
    if look.reason is not None:
        return _pause_held(ramp)
    if ramp.seen_version != ramp.state.version:
        note_seen(ramp, look.revision)
    return False


@transaction.atomic
def _pause_held(ramp: Ramp) -> bool:
    held = lock_ramp(ramp)
    reason = overridden(held) if held.status == Ramp.Status.RUNNING else None
    if reason is None:
        return False
    pause(held, by=Actor.system("ramp", source=Source.RAMP), reason=reason)
    return True


def _note(ramp: Ramp) -> bool:
    return _is_news(ramp) and _note_held(ramp)


@transaction.atomic
def _note_held(ramp: Ramp) -> bool:
    lock_ramp(ramp)
    held = held_ramps().filter(pk=ramp.pk).first()  # with what its log knows now
    if held is None or not _is_news(held):
        return False
    target = Target(held.state, held.rule)
    put_down(
        held,
        Occurrence.Kind.CHANGED,
        by=Actor.system("ramp", source=Source.RAMP),
        text=f"{_what_was_done(held, target)}.",
        percentage_before=told_of(held),
        percentage=target.effective,
    )
    return True


def _is_news(ramp: Ramp) -> bool:
    return Target(ramp.state, ramp.rule).effective != told_of(ramp)


def told_of(ramp: Ramp) -> Decimal | None:
    """Return the percentage that the log of a ramp of `held_ramps` knows."""
    found: Decimal | None = getattr(ramp, "told")  # noqa: B009 - an annotation, which no type knows
    return found


def _what_was_done(ramp: Ramp, target: Target) -> str:
    change = last_change(ramp.state)
    by = _by_whom(change) if change else ""
    if target.is_gone:
        return f"The rule was removed{by}"
    if not ramp.state.enabled:
        return f"The flag was turned off{by}"
    what = f"{target} was changed by hand and lets in {percent(target.effective)}{by}"
    return what[0].upper() + what[1:]
