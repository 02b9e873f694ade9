"""The home page's block of ramps: all that are not over, each with its bar, its next step and its guardrails."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest

from flags.admin import home
from flagsite.lib import clock
from rollouts.admin.guardrail_cards import LOOKS, NOT_YET, Look
from rollouts.admin.summary import Summary, summary_of
from rollouts.models import Guardrail, Ramp, Verdict
from rollouts.querysets import active_ramps

MAX_RAMPS: Final = 12
"""Ramps that are shown; of more, those that move next."""
_WORST_FIRST: Final = (Verdict.CROSSED, Verdict.MISMATCHED, Verdict.SILENT, "", Verdict.UNDECIDED, Verdict.HEALTHY)


@dataclass(frozen=True)
class Running:
    """A ramp, in brief, and the worst of what its guardrails have found last (None: it has none)."""

    ramp: Ramp
    summary: Summary
    look: Look | None


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the person may see to the context of the admin's index: what flags tell of, and the ramps."""
    context = home.dashboard(request, context)
    if not context.get("projects"):
        return context
    rows, now = active_ramps(context["projects"]), clock.now()
    shown = list(rows[:MAX_RAMPS])
    verdicts = _last_verdicts(shown)
    running = [Running(ramp, summary_of(ramp, now=now), _worst(verdicts.get(ramp.pk))) for ramp in shown]
    more = rows.count() - len(shown) if len(shown) == MAX_RAMPS else 0
    return context | {"ramps": running, "more_ramps": more}


def _last_verdicts(ramps: Sequence[Ramp]) -> dict[int, list[str]]:
    """Return by a ramp's id the last verdict on each of its guardrails; empty: it was not looked at."""
    rows = Guardrail.objects.filter(ramp__in=ramps).order_by().values_list("ramp", "verdict")
    found: dict[int, list[str]] = {}
    for ramp, verdict in rows:
        found.setdefault(ramp, []).append(verdict)
    return found


def _worst(verdicts: Sequence[str] | None) -> Look | None:
    if not verdicts:
        return None
    worst = min(verdicts, key=_WORST_FIRST.index)
    return LOOKS[Verdict(worst)] if worst else NOT_YET
