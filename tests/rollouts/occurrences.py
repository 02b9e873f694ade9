"""Ramps to which something has happened, in few words."""

from decimal import Decimal
from typing import Any

from accounts.models import Environment, Project
from flagsite.lib import clock
from rollouts.models import Occurrence, Ramp, Webhook
from rollouts.services.notices import WebhookFields, create_webhook
from tests.conftest import SYSTEM
from tests.flags.builders import make, state_of


def running_ramp(shop: Project, environment: Environment, flag: str = "checkout") -> Ramp:
    """A ramp that runs."""
    now = clock.now()
    return Ramp.objects.create(
        state=state_of(make(shop, flag), environment),
        status=Ramp.Status.RUNNING,
        percentage_before=Decimal(1),
        stepped_at=now,
        started_at=now,
        author_label="ed",
    )


def happened(ramp: Ramp, kind: str = "step", **fields: Any) -> Occurrence:
    """Something that happened to the ramp."""
    about: dict[str, Any] = {
        "at": clock.now(),
        "actor_label": "ramp of ed",
        "text": "Raised to 10 %.",
        "percentage_before": Decimal(1),
        "percentage": Decimal(10),
        "revision": 7,
    }
    return Occurrence.objects.create(ramp=ramp, kind=kind, **about | fields)


def hook(shop: Project, address: str, **fields: Any) -> tuple[Webhook, str]:
    """A webhook of the shop, and its secret."""
    given: WebhookFields = {"name": "Ops", "address": address, **fields}  # type: ignore[typeddict-item]  # a test's own
    return create_webhook(project=shop, fields=given, by=SYSTEM)
