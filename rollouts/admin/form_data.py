"""What the scripts of a ramp's form are told: the draft, templates, rules, events that were seen, what was refused."""

from typing import Any, Final

from django.conf import settings
from django.urls import reverse

from accounts.models import Environment
from flags.documents import percentage_number
from flags.models import FlagState, TrackedEvent
from flagsite.lib.moments import duration_text
from rollouts.admin.drafts import Draft
from rollouts.guardrails.document import MAX_GUARDRAILS
from rollouts.guardrails.watch import DEFAULT_FALSE_ALARMS, DEFAULT_SAMPLE, DEFAULT_WINDOW
from rollouts.models import MAX_STEPS, Ramp
from rollouts.querysets import planned
from rollouts.steps import step_document
from rollouts.target import Target
from rollouts.templates import templates_of

MAX_EVENTS: Final = 40
"""Names of events that are suggested."""


def starting_data(state: FlagState, draft: Draft, *, problems: list[dict[str, str]]) -> dict[str, Any]:
    """Return what the page needs on which a ramp is started."""
    templates = [
        {
            "key": template.key,
            "name": template.name,
            "description": template.description,
            "steps": template.steps,
            "guardrails": template.guardrails,
        }
        for template in templates_of(state.environment.project)
    ]
    return {
        **_shared(state, draft, problems),
        "templates": templates,
        "rules": _rules(state),
        "enabled": state.enabled,
        "begun": False,
    }


def changing_data(ramp: Ramp, draft: Draft, *, problems: list[dict[str, str]]) -> dict[str, Any]:
    """Return what the page needs on which a ramp is changed."""
    return {**_shared(ramp.state, draft, problems), "begun": ramp.has_begun, "first": ramp.position + 1}


def draft_of(ramp: Ramp) -> Draft:
    """Return what of a ramp can be changed: its steps to come, its guardrails, how long they look on."""
    steps = ramp.steps.filter(position__gt=ramp.position)
    return Draft(
        steps=[step_document(step) for step in planned(steps)],
        guardrails=[guardrail.document for guardrail in ramp.guardrails.all()],
        rule=ramp.rule,
        watch_for=duration_text(ramp.watches_for),
    )


def guardrail_data(environment: Environment | None) -> dict[str, Any]:
    """Return what the builder of guardrails needs."""
    return {
        "events": events_seen(environment) if environment else [],
        "prometheus": bool(settings.PROMETHEUS_URL),
        "defaults": {
            "false_alarms": DEFAULT_FALSE_ALARMS,
            "window": duration_text(DEFAULT_WINDOW),
            "sample": DEFAULT_SAMPLE,
        },
        "most_guardrails": MAX_GUARDRAILS,
        "most_steps": MAX_STEPS,
    }


def events_seen(environment: Environment) -> list[str]:
    """Return names of events that contexts had here, the first by the alphabet.

    One look into the index for each name: the table may be long, and names are few.
    """
    rows, found = TrackedEvent.objects.filter(environment=environment).order_by("name"), list[str]()
    while len(found) < MAX_EVENTS:
        later = rows.filter(name__gt=found[-1]) if found else rows
        name = later.values_list("name", flat=True).first()
        if name is None:
            break
        found.append(name)
    return found


def _shared(state: FlagState, draft: Draft, problems: list[dict[str, str]]) -> dict[str, Any]:
    where = [state.flag_id, state.environment.key]
    return {
        **guardrail_data(state.environment),
        "draft": draft.document,
        "problems": problems,
        "preview": reverse("admin:rollouts_ramp_preview", args=where),
    }


def _rules(state: FlagState) -> list[dict[str, Any]]:
    named = [("", "The default rule: everybody whom no target or rule names")]
    named += [(rule["id"], f"Rule {place}: {rule.get('name') or 'without a name'}") for place, rule in _numbered(state)]
    return [
        {
            "id": own,
            "words": words,
            "percentage": percentage_number(Target(state, own).effective),
            "bucket_by": Target(state, own).bucket_by,
        }
        for own, words in named
    ]


def _numbered(state: FlagState) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(state.rules, start=1))
