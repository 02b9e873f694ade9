"""Ramps as what moves flags: how they end with their flag, and what a change that is reviewed would do to them."""

from collections.abc import Iterator, Sequence

from accounts.actors import Actor
from accounts.models import Environment
from flags.models import FlagState
from flags.movers import Documents, Foreseen
from rollouts.models import Ramp
from rollouts.querysets import lock_ramp, ramps
from rollouts.services.overriding import interference
from rollouts.services.stopping import stop
from rollouts.target import state_like


class Ramps:
    """What the flags app asks of ramps (`flags.movers.Mover`)."""

    def end(self, states: Sequence[FlagState], *, by: Actor, comment: str) -> None:
        """Stop the ramps of states that are about to be deleted: whoever hears of ramps is told, and the audit log."""
        for ramp in ramps().filter(state__in=states, status__in=Ramp.ACTIVE):
            stop(lock_ramp(ramp), by=by, reason=comment, why="the flag was deleted")

    def foresee(self, environment: Environment, flags: Documents) -> Iterator[Foreseen]:
        """Return which ramps end with their flag, and which would be paused."""
        rows = ramps().filter(state__environment=environment, state__flag__key__in=list(flags), status__in=Ramp.ACTIVE)
        for ramp in rows.order_by("state__flag__key").prefetch_related("steps"):
            key = ramp.state.flag.key
            document = flags[key]
            if document is None:
                yield Foreseen(key, "Its ramp ends with it.", f"{_stands(ramp)} Whoever hears of ramps is told.")
            elif ramp.status == Ramp.Status.RUNNING and interference(ramp, state_like(document, ramp.state)):
                proof = f"{_stands(ramp)} It goes on when somebody resumes it, from where the flag then stands."
                yield Foreseen(key, "A ramp is running here, and this change pauses it.", proof)


def _stands(ramp: Ramp) -> str:
    step = f", at step {ramp.position + 1} of {len(ramp.steps.all())}" if ramp.position >= 0 else ""
    return f"The ramp of {ramp.author_label} {ramp.stands}{step}."
