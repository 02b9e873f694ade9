"""What Celery does for the rollouts app."""

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.conf import settings

from rollouts import services
from rollouts.services import notices

LOOK_EXPIRES: Final = 20.0
"""Seconds that a look at a ramp waits for a worker at the most: for less than it is claimed, then there is another."""
LOOK_PRIORITY: Final = 9
"""Redis hands the lowest number out first: what is due is done before many looks that wait."""


@shared_task
def advance_ramps() -> int:
    """Take the steps that are due; return how many ramps were moved."""
    return services.advance_due()


@shared_task
def check_guardrails() -> int:
    """Have the events looked at that are due for it, each ramp's by a task of its own; return of how many ramps."""
    claimed = services.claim_checks()
    for pk in claimed:
        check_ramp.apply_async((pk,), expires=LOOK_EXPIRES, priority=LOOK_PRIORITY)
    return len(claimed)


@shared_task
def check_ramp(pk: int) -> None:
    """Look at the guardrails on events of one ramp."""
    services.check_ramp(pk)


@shared_task
def ask_prometheus() -> int:
    """Ask Prometheus what guardrails are to ask of it now, of all ramps at once; return how many looks."""
    return services.ask_prometheus()


@shared_task
def forget_checks() -> int:
    """Delete looks at guardrails that are older than their retention; return how many."""
    return services.forget_checks(older_than=timedelta(days=settings.CHECK_RETENTION_DAYS))


@shared_task
def send_notices() -> int:
    """Deliver the notices that are due; return how many attempts there were."""
    return notices.send_due()


@shared_task
def keep_notices() -> int:
    """Delete deliveries older than their retention, return how many rows went; seal secrets under the present key."""
    notices.reseal_secrets()
    return notices.forget_deliveries(older_than=timedelta(days=settings.NOTICE_RETENTION_DAYS))
