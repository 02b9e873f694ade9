"""Holding a ramp, or ending it where it stands. Nobody is moved."""

from accounts.actors import Actor
from flagsite.lib import clock
from rollouts.models import Occurrence, Ramp
from rollouts.services.log import audited, keep, put_down
from rollouts.target import Target
from rollouts.wording import percent


def pause(ramp: Ramp, *, by: Actor, reason: str) -> None:
    """Pause the (locked) ramp: no step is taken until somebody resumes it; its guardrails go on."""
    old = audited(ramp)
    percentage = Target(ramp.state, ramp.rule).effective
    ramp.status, ramp.due_at, ramp.reason = Ramp.Status.PAUSED, None, reason
    put_down(ramp, Occurrence.Kind.PAUSED, by=by, text=f"Paused: {reason}", percentage=percentage)
    keep(ramp, old=old, by=by, comment=reason)


def end(ramp: Ramp, status: Ramp.Status, *, reason: str) -> None:
    """Mark the (locked) ramp as over; the caller keeps it."""
    ramp.status, ramp.due_at, ramp.ended_at, ramp.reason = status, None, clock.now(), reason


def stop(ramp: Ramp, *, by: Actor, reason: str, why: str = "") -> None:
    """End the (locked) ramp where it stands; `why` is told with it."""
    old = audited(ramp)
    end(ramp, Ramp.Status.STOPPED, reason=reason or why)
    left = Target(ramp.state, ramp.rule).effective if ramp.has_begun else None
    where = "before its first step" if left is None else f"at {percent(left)}"
    text = f"Stopped {where}{': ' * bool(why)}{why}"
    put_down(ramp, Occurrence.Kind.STOPPED, by=by, text=text, percentage=left)
    keep(ramp, old=old, by=by, comment=reason or why)
