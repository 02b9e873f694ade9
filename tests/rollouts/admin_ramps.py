"""Ramps in few words, for the pages that are about them."""

import json
from typing import Any

from accounts.actors import Actor
from flags.models import Flag
from rollouts.models import Check, Guardrail, Ramp, Verdict
from rollouts.services import start_ramp
from tests.conftest import SYSTEM

STEPS: list[dict[str, Any]] = [{"percentage": 1}, {"percentage": 50, "after": "1h"}, {"percentage": 100, "after": "1d"}]
FAILING: dict[str, Any] = {
    "name": "error rate",
    "metric": {"event": "checkout-failed", "per": "checkout"},
    "when": {"worse_than_others": True},
    "then": "rollback",
}
SLOW: dict[str, Any] = {
    "metric": {"event": "checkout-seconds", "above": 0.8},
    "when": {"above": 0.2, "window": "1h"},
    "then": "pause",
}


def ramp_of(flag: Flag, *, by: Actor = SYSTEM, environment: str = "production", **fields: Any) -> Ramp:
    """Start a ramp of a flag: 1 %, 50 % after an hour, 100 % after a day more."""
    where = flag.project.environments.get(key=environment)
    given = {"steps": STEPS, **fields}
    return start_ramp(project=flag.project, environment=where, key=flag.key, by=by, **given)


def looked(guardrail: Guardrail, verdict: Verdict, text: str, *, at: Any, **figures: Any) -> Check:
    """Note a look at a guardrail."""
    Guardrail.objects.filter(pk=guardrail.pk).update(verdict=verdict)
    return Check.objects.create(guardrail=guardrail, at=at, verdict=verdict, text=text, figures=figures)


def as_sent(steps: Any = STEPS, guardrails: Any = (), **fields: str) -> dict[str, str]:
    """What the form's scripts send."""
    written = {"steps": json.dumps(steps), "guardrails": json.dumps(list(guardrails)), "rule": "", "watch_for": "0s"}
    return {**written, "turn_on": "on", "comment": "", **fields}


def page_data(page: Any) -> dict[str, Any]:
    """What the page's scripts are told."""
    assert page.status_code == 200, page.status_code
    found: dict[str, Any] = json.loads(page.context["page_data"])
    return found


def text_of(page: Any) -> str:
    assert page.status_code == 200, page.status_code
    return " ".join(page.content.decode().split())
