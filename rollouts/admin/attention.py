"""What of ramps needs a person: approvals, guardrails that fired, ramps that paused by themselves, steps that wait."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse

from accounts.models import Project
from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.notices import Notice
from flagsite.lib import clock
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import ramps
from segments.wording import clipped

LATELY: Final = timedelta(days=3)
"""So long a guardrail that fired is told."""
MAX_OF_A_KIND: Final = 20

_OF_RAMPS: Final = ("ramp", "guardrail")


def notices_of(access: Access, projects: Sequence[Project]) -> Iterator[Notice]:
    """Return what the person should look at, the most pressing first; each ramp once."""
    told: set[int] = set()
    fired = _last(Occurrence.objects.filter(kind=Occurrence.Kind.GUARDRAIL, at__gte=clock.now() - LATELY), projects)
    for occurrence in fired:
        told.add(occurrence.ramp_id)
        yield _notice("Guardrail", "danger", occurrence.ramp, _crossed(occurrence.text))
    held = Occurrence.objects.filter(kind=Occurrence.Kind.PAUSED, ramp__status=Ramp.Status.PAUSED)
    for occurrence in _last(held, projects):
        if occurrence.ramp_id not in told and _is_no_person(occurrence.actor_label):
            yield _notice("Ramp paused", "warning", occurrence.ramp, occurrence.ramp.reason)
    waiting = Occurrence.objects.filter(kind=Occurrence.Kind.WAITING, ramp__status=Ramp.Status.RUNNING)
    waiting = waiting.filter(ramp__told_at=None, at__gte=F("ramp__stepped_at"))
    for occurrence in _last(waiting, projects):
        if occurrence.ramp_id not in told:
            yield _notice("Step waits", "primary", occurrence.ramp, f"{occurrence.text}.")
    editable = [project for project in projects if access.may(Ability.EDIT, project.pk)]
    asked = ramps().filter(status=Ramp.Status.AWAITING_APPROVAL, state__environment__project__in=editable)
    for ramp in asked.exclude(hands=access.user)[:MAX_OF_A_KIND]:
        yield _notice("To approve", "primary", ramp, f"{ramp.author_label} asks for an approval of a ramp.")


def _last(occurrences: QuerySet[Occurrence], projects: Sequence[Project]) -> list[Occurrence]:
    """Return of each ramp the last of these, the newest first, with ramp, flag and environment."""
    newest = occurrences.filter(ramp=OuterRef("ramp")).order_by("-at", "-pk").values("pk")[:1]
    rows = occurrences.filter(pk=Subquery(newest), ramp__state__environment__project__in=projects)
    return list(rows.select_related("ramp__state__flag", "ramp__state__environment").order_by("-at")[:MAX_OF_A_KIND])


def _crossed(guardrail: str) -> str:
    """Return that it was crossed: alone it reads as if it asked for something."""
    return f"Crossed: {guardrail[:1].lower()}{guardrail[1:]}"


def _is_no_person(label: str) -> bool:
    """Tell whether this is the label of a ramp or a guardrail; names of people hold no spaces."""
    return label in _OF_RAMPS or label.startswith("ramp of ")


def _notice(kind: str, colour: str, ramp: Ramp, sentence: str) -> Notice:
    title = f"{ramp.state.flag.key} in {ramp.state.environment.name}"
    return Notice(kind, colour, title, clipped(sentence), reverse("admin:rollouts_ramp_change", args=[ramp.pk]))
