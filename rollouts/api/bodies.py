"""Ramps as `RampBody` and its parts describe them."""

from typing import Any

from flags.documents import percentage_number
from flagsite.lib.moments import duration_text
from rollouts.guardrails.document import read_guardrails
from rollouts.models import Check, Occurrence, Ramp, Step
from rollouts.querysets import occurrences_of, planned
from rollouts.standing import Next, standing_of
from rollouts.steps import step_document
from rollouts.templates import Template


def ramp_body(ramp: Ramp) -> dict[str, Any]:
    """Return a ramp and where it stands now."""
    standing = standing_of(ramp)
    return {
        "id": ramp.pk,
        "flag": ramp.state.flag.key,
        "environment": ramp.state.environment.key,
        "rule": ramp.rule or None,
        "status": ramp.status,
        "reason": ramp.reason,
        "percentage_before": percentage_number(ramp.percentage_before),
        "percentage": None if ramp.percentage is None else percentage_number(ramp.percentage),
        "steps": [_step(step) for step in standing.steps],
        "next": _next(standing.next) if standing.next else None,
        "guardrails": [watch.document for watch in read_guardrails([row.document for row in ramp.guardrails.all()])],
        "watch_for": duration_text(ramp.watches_for),
        "turn_on": ramp.turns_on,
        "author": ramp.author_label,
        "approved_by": ramp.approved_by,
        "comment": ramp.comment,
        "started_at": ramp.started_at,
        "ended_at": ramp.ended_at,
        "version": ramp.version,
        "log": [occurrence_body(each) for each in occurrences_of(ramp)],
    }


def _step(step: Step) -> dict[str, Any]:
    (plan,) = planned([step])
    became = {"outcome": step.outcome, "taken_at": step.taken_at, "revision": step.revision}
    return {**step_document(plan), **became}


def _next(following: Next) -> dict[str, Any]:
    return {
        "step": following.step.position + 1,
        "percentage": percentage_number(following.step.percentage),
        "due_at": following.due_at,
        "waits_for": following.waits,
    }


def occurrence_body(occurrence: Occurrence) -> dict[str, Any]:
    """Return something that happened."""
    before, after = occurrence.percentage_before, occurrence.percentage
    return {
        "kind": occurrence.kind,
        "at": occurrence.at,
        "actor": occurrence.actor_label,
        "text": occurrence.text,
        "percentage_before": None if before is None else percentage_number(before),
        "percentage": None if after is None else percentage_number(after),
        "revision": occurrence.revision,
        "details": occurrence.details,
    }


def check_body(check: Check) -> dict[str, Any]:
    """Return one look at a guardrail."""
    return {
        "guardrail": check.guardrail.position + 1,
        "at": check.at,
        "verdict": check.verdict,
        "text": check.text,
        "figures": check.figures,
    }


def template_body(template: Template) -> dict[str, Any]:
    """Return a template."""
    return {
        "key": template.key,
        "name": template.name,
        "description": template.description,
        "steps": template.steps,
        "guardrails": template.guardrails,
    }
