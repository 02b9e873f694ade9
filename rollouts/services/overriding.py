"""Changes by hand of what a ramp moves: the ramp gives way, and says why.

A ramp that is held already takes note: its guardrails go on, and have to know who is inside.
"""

from collections.abc import Callable
from decimal import Decimal

import structlog
from django.db import InterfaceError, OperationalError, transaction

from accounts.actors import Actor, Source
from rollouts.errors import RuleNotFound
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import held_ramps, last_change, lock_ramp, ramps
from rollouts.services.log import put_down
from rollouts.services.stopping import pause
from rollouts.target import Target
from rollouts.wording import percent

log = structlog.get_logger(__name__)


def overridden(ramp: Ramp) -> str | None:
    """Return in a sentence what somebody has changed of what the ramp moves; None when nothing is."""
    target = Target(ramp.state, ramp.rule)
    expected = ramp.percentage_before if ramp.percentage is None else ramp.percentage
    try:
        found = target.percentage
    except RuleNotFound:
        return f"The rule is gone{_by_whom(ramp)}."
    if found != expected:
        before = "the ramp had set" if ramp.percentage is not None else "it had been"
        what = f"{target} was set to {percent(found)} by hand{_by_whom(ramp)}; {before} {percent(expected)}."
        return what[0].upper() + what[1:]
    if ramp.buckets not in (None, target.buckets):
        return f"What its buckets are made of was changed, and everybody falls anew{_by_whom(ramp)}."
    if not ramp.state.enabled and not (ramp.turns_on and not ramp.has_begun):
        return f"The flag was turned off{_by_whom(ramp)}."
    return None


def _by_whom(ramp: Ramp) -> str:
    change = last_change(ramp.state)
    return f", by {change.revision.actor_label} in revision {change.number}" if change else ""


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
    return overridden(ramp) is not None and _pause_held(ramp)


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
    if target.is_gone:
        return f"The rule is gone{_by_whom(ramp)}"
    if not ramp.state.enabled:
        return f"The flag was turned off{_by_whom(ramp)}"
    what = f"{target} was changed by hand and lets in {percent(target.effective)}{_by_whom(ramp)}"
    return what[0].upper() + what[1:]
