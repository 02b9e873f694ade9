"""A team's own templates of ramps."""

from typing import Any, Final

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, fields_of, record
from accounts.models import Project
from accounts.permissions import require
from accounts.roles import Ability
from flagsite.lib.keys import MESSAGE, is_key
from flagsite.lib.problems import InvalidInput
from flagsite.lib.tracing import traced
from rollouts.errors import RampTemplateNotFound
from rollouts.guardrails.document import limit_errors, read_guardrails
from rollouts.models import RampTemplate
from rollouts.steps import read_steps, step_document

MAX_TEMPLATES: Final = 100
"""Templates of its own that a project may have."""


@traced
@transaction.atomic
def save_ramp_template(
    *, project: Project, key: str, steps: Any, by: Actor, name: str = "", guardrails: Any = None
) -> RampTemplate:
    """Create the project's template of this key, or replace it.

    Raises:
        MissingRole: when the actor may not edit.
        InvalidInput: naming each place that is wrong; a template knows no moments, only delays.
    """
    require(by, Ability.EDIT, project)
    if not is_key(key):
        raise InvalidInput.at("key", MESSAGE)
    read = read_steps(steps)
    for place, step in enumerate(read):
        if step.at is not None:
            raise InvalidInput.at(f"steps[{place}].at", "A template is used at any time: give a delay, `after`.")
    watches = read_guardrails([] if guardrails is None else guardrails)
    if errors := limit_errors(watches):
        raise InvalidInput.of(errors)
    row = RampTemplate.objects.select_for_update().filter(project=project, key=key).first()
    old = fields_of(row, "name", "steps", "guardrails") if row else None
    if row is None and project.ramp_templates.count() >= MAX_TEMPLATES:
        raise InvalidInput.at("", f"A project has at most {MAX_TEMPLATES} templates of its own.")
    row = row or RampTemplate(project=project, key=key)
    row.name = name or row.name or key
    row.steps = [step_document(step) for step in read]
    row.guardrails = [watch.document for watch in watches]
    row.save()
    action = Action.CREATE if old is None else Action.UPDATE
    record(action, row, by=by, project=project, old=old, new=fields_of(row, "name", "steps", "guardrails"))
    return row


@traced
@transaction.atomic
def delete_ramp_template(*, project: Project, key: str, by: Actor) -> None:
    """Delete the project's template; ramps that were made by it are not concerned.

    Raises:
        MissingRole: when the actor may not edit.
        RampTemplateNotFound: when the project has none of that key.
    """
    require(by, Ability.EDIT, project)
    row = RampTemplate.objects.filter(project=project, key=key).first()
    if row is None:
        raise RampTemplateNotFound(f"The project has no ramp template `{key}` of its own.")
    record(Action.DELETE, row, by=by, project=project, old=fields_of(row, "name", "steps", "guardrails"))
    row.delete()
