"""The ramps of the scenery: one that goes well and is watched, one that a guardrail has undone, one to be approved."""

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

from accounts.actors import Actor
from accounts.models import Environment
from flags.models import TrackedEvent
from flagsite.lib import clock
from rollouts.models import Ramp
from rollouts.services import advance_due, check_ramp, save_ramp_template, start_ramp
from tests.browser.pinned import NOW, Ticking

PEOPLE = 900
LOOKS = 48
FAILURES: dict[str, Any] = {
    "name": "share of broken pictures",
    "metric": {"event": "picture-broken", "per": "picture"},
    "when": {"worse_than_others": True, "false_alarms": 0.01},
    "then": "rollback",
}
SLOW: dict[str, Any] = {
    "metric": {"event": "picture-seconds", "above": 0.8},
    "when": {"above": 0.4, "window": "6h", "sample": 50},
    "then": "pause",
}
BROKEN: dict[str, Any] = {
    "name": "share of abandoned chats",
    "metric": {"event": "chat-abandoned", "per": "chat"},
    "when": {"above": 0.05, "window": "1h", "sample": 50},
    "then": "rollback",
}


def ramp(production: Environment, time: Ticking, *, jonas: Actor, maya: Actor) -> Ramp:
    """Let them happen over the last day, and return the one that goes well."""
    chance = Random(11)  # noqa: S311 - made-up numbers, the same each time
    common: dict[str, Any] = {"project": production.project, "environment": production}
    save_ramp_template(
        project=production.project,
        key="shop-window",
        name="Shop window",
        steps=[{"percentage": 5}, {"percentage": 50, "after": "12h"}, {"percentage": 100, "after": "1d"}],
        guardrails=[FAILURES],
        by=jonas,
    )
    time.set(NOW - timedelta(hours=26))
    harmful = start_ramp(
        **common,
        key="support-chat",
        steps=[{"percentage": 10}, {"percentage": 100, "after": "1d"}],
        guardrails=[BROKEN],
        by=maya,
        comment="The team has grown",
    )
    _note(production, "chat", range(PEOPLE))
    _note(production, "chat-abandoned", range(0, PEOPLE, 9))
    check_ramp(harmful.pk)

    time.set(NOW - timedelta(hours=20))
    good = start_ramp(
        **common,
        key="image-cdn",
        steps=[
            {"percentage": 5},
            {"percentage": 20, "after": "8h"},
            {"percentage": 50, "after": "16h", "min_evaluations": 500_000},
            {"percentage": 100, "after": "1d", "needs_confirmation": True},
        ],
        guardrails=[FAILURES, SLOW],
        watch_for=timedelta(hours=12),
        by=jonas,
        comment="The cache is warm",
    )
    for look in range(LOOKS):
        time.set(NOW - timedelta(minutes=24 * (LOOKS - look)), a_little=timedelta(seconds=1))
        asked = chance.sample(range(PEOPLE), 60)
        _note(production, "picture", asked)
        _note(production, "picture-broken", (person for person in asked if person % 23 == 0))
        _note(production, "picture-seconds", asked, values=chance)
        check_ramp(good.pk)
        advance_due()
    return good


def ramp_to_approve(production: Environment, *, maya: Actor) -> None:
    """Let somebody ask for an approval."""
    steps = [{"percentage": 10}, {"percentage": 50, "after": "1d"}, {"percentage": 100, "after": "1d"}]
    start_ramp(
        project=production.project,
        environment=production,
        key="page-size",
        steps=steps,
        by=maya,
        comment="Phones want less",
    )


def _note(production: Environment, name: str, people: Iterable[int], *, values: Random | None = None) -> None:
    at = clock.now()
    TrackedEvent.objects.bulk_create(
        TrackedEvent(
            environment=production,
            name=name,
            context_id=f"user-{person}",
            value=round(values.gammavariate(2, 0.22), 3) if values else None,
            time=at,
        )
        for person in people
    )
