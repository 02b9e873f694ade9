"""Templates of ramps: those that come with Flagsite, and reading a team's own."""

from dataclasses import dataclass
from typing import Any, Final

from accounts.models import Project
from rollouts.errors import RampTemplateNotFound
from rollouts.models import RampTemplate


@dataclass(frozen=True)
class Template:
    """Steps and guardrails under a name, as the REST API takes them, and what they are for."""

    key: str
    name: str
    description: str
    steps: list[dict[str, Any]]
    guardrails: list[dict[str, Any]]


BUILT_IN: Final = (
    Template(
        "careful",
        "Careful",
        "For what could hurt: a week, small steps, and a person's word before everybody gets it.",
        [
            {"percentage": 1},
            {"percentage": 5, "after": "1d", "min_evaluations": 1_000},
            {"percentage": 10, "after": "1d"},
            {"percentage": 25, "after": "1d"},
            {"percentage": 50, "after": "2d"},
            {"percentage": 100, "after": "2d", "needs_confirmation": True},
        ],
        [],
    ),
    Template(
        "standard",
        "Standard",
        "For most changes: a day, with most of the time at 10 % and 50 %, where harm shows best.",
        [
            {"percentage": 1},
            {"percentage": 10, "after": "1h"},
            {"percentage": 50, "after": "8h"},
            {"percentage": 100, "after": "15h"},
        ],
        [],
    ),
    Template(
        "fast",
        "Fast",
        "For what is nearly certain, or has to be out soon: an hour.",
        [
            {"percentage": 5},
            {"percentage": 25, "after": "15m"},
            {"percentage": 50, "after": "15m"},
            {"percentage": 100, "after": "30m"},
        ],
        [],
    ),
)


def templates_of(project: Project) -> list[Template]:
    """Return what comes with Flagsite, then the project's own by name; one of the same key takes its place."""
    own = [_own(row) for row in RampTemplate.objects.filter(project=project)]
    taken = {template.key for template in own}
    return [*(template for template in BUILT_IN if template.key not in taken), *own]


def template_named(key: str, *, project: Project) -> Template:
    """Return one template.

    Raises:
        RampTemplateNotFound: when there is none of that key.
    """
    known = templates_of(project)
    for template in known:
        if template.key == key:
            return template
    names = ", ".join(template.key for template in known)
    raise RampTemplateNotFound(f"There is no ramp template `{key}`; there are: {names}.")


def _own(row: RampTemplate) -> Template:
    return Template(row.key, row.name, "", row.steps, row.guardrails)
