"""A ramp to look at: the holiday theme is rehearsed in staging, in minutes instead of days."""

from datetime import timedelta
from typing import Any, Final

from accounts.actors import Actor, Source
from accounts.models import Environment, User
from flagsite.demo import shop
from flagsite.lib.moments import duration_text
from rollouts.models import Ramp
from rollouts.services import start_ramp

FLAG: Final = "holiday-theme"
ENVIRONMENT: Final = "staging"
PERCENTAGES: Final = (1, 10, 50, 100)
_GUARDRAIL: Final[dict[str, Any]] = {
    "metric": {"event": "page-failed", "per": "page-opened"},
    "when": {"worse_than_others": True},
    "then": "rollback",
}


def rehearse(*, step_seconds: int) -> bool:
    """Start the ramp unless there has been one; tell whether it was started now."""
    staging = Environment.objects.select_related("project").get(project__key=shop.PROJECT["key"], key=ENVIRONMENT)
    if Ramp.objects.filter(state__environment=staging, state__flag__key=FLAG).exists():
        return False
    delay = {"after": duration_text(timedelta(seconds=step_seconds))}
    start_ramp(
        project=staging.project,
        environment=staging,
        key=FLAG,
        steps=[{"percentage": percentage, **(delay if place else {})} for place, percentage in enumerate(PERCENTAGES)],
        guardrails=[_GUARDRAIL],
        turn_on=True,
        comment="A rehearsal for December, in minutes instead of days",
        by=Actor.person(User.objects.get(username="admin"), source=Source.COMMAND),
    )
    return True
