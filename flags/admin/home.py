"""The home page: what needs attention, environments at a glance, what changed lately, how often flags are evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, F, Q
from django.http import HttpRequest

from accounts.admin.requests import access_of
from accounts.models import Environment, Project
from accounts.roles import Ability
from flags.admin.flags.filters import FULL
from flags.admin.history.timeline import Asked, moments_of
from flags.admin.notices import notices
from flags.admin.usage import charts
from flags.models import Flag, FlagState, Revision
from flags.usage.counts import Used, by_hour, most_used
from flagsite.lib import clock

MAX_ENVIRONMENTS: Final = 24
"""Environments at a glance; of more, the first."""
RECENT: Final = 8
"""Changes that are told."""
HOURS: Final = 24
MOST_USED: Final = 5
"""Flags that are named as the most used."""


@dataclass(frozen=True)
class Glance:
    """An environment: how many flags are on for everybody, for some, or off; and its last change."""

    environment: Environment
    on: int
    some: int
    off: int
    last: Revision | None

    @property
    def flags(self) -> int:
        """Return how many flags there are."""
        return self.on + self.some + self.off

    @property
    def bands(self) -> list[tuple[str, float, float]]:
        """Return the bar: what each part is, where it begins and how long it is, in per cent."""
        found, start = [], 0.0
        for name, number in (("on", self.on), ("some", self.some), ("off", self.off)):
            width = 100 * number / self.flags if self.flags else 0
            found.append((name, start, width))
            start += width
        return [band for band in found if band[2]]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the person may see to the context of the admin's index."""
    access = access_of(request)
    projects = list(access.projects(Ability.VIEW).order_by("name", "key"))
    environments = list(
        Environment.objects.filter(project__in=projects)
        .select_related("project")
        .order_by("project__name", "project__key", "position", "key")
    )
    if not projects:
        return context | {"title": "Home"}
    shown = environments[:MAX_ENVIRONMENTS]
    asked = Asked()
    rows = Revision.objects.filter(environment__project__in=projects)
    return context | {
        "title": "Home",
        "projects": projects,
        "several": len(projects) > 1,
        "notices": notices(access, projects, environments),
        "glances": _glances(shown),
        "more_environments": len(environments) - len(shown),
        "moments": moments_of(list(asked.revisions(rows)[:RECENT]), asked),
        "asked": asked,
        "evaluations": _evaluations(environments, _names(environments, projects)),
    }


def _glances(environments: Sequence[Environment]) -> list[Glance]:
    rows = FlagState.objects.filter(environment__in=environments).order_by().values_list("environment")
    counts = {
        pk: (full, on - full, total - on)
        for pk, total, on, full in rows.annotate(
            Count("pk"), on=Count("pk", filter=Q(enabled=True)), full=Count("pk", filter=Q(**FULL))
        )
    }
    newest = Revision.objects.filter(environment__in=environments, number=F("environment__revision")).defer("delta")
    last = {revision.environment_id: revision for revision in newest}
    return [Glance(each, *counts.get(each.pk, (0, 0, 0)), last.get(each.pk)) for each in environments]


def _names(environments: Sequence[Environment], projects: Sequence[Project]) -> dict[int, str]:
    several = len(projects) > 1
    return {each.pk: str(each) if several else each.name for each in environments}


def _evaluations(environments: Sequence[Environment], names: dict[int, str]) -> dict[str, Any] | None:
    """Return the evaluations of the last day for the chart and its table; None when there were none."""
    now = clock.now()
    first = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    found = by_hour([each.pk for each in environments], since=first)
    hours = [first + timedelta(hours=number) for number in range(HOURS)]
    asked = [each for each in environments if any(pk == each.pk for pk, _ in found)]
    if not asked:
        return None
    most = most_used([each.pk for each in environments], since=first, most=MOST_USED)
    series = [(names[each.pk], [found.get((each.pk, hour), 0) for hour in hours]) for each in asked]
    return {
        "total": f"{sum(sum(numbers) for _, numbers in series):,}",
        "chart": charts.stacked_bars(
            [f"{hour:%H:%M}" for hour in hours],
            [
                charts.Series(name, numbers, charts.COLOURS[at % len(charts.COLOURS)])
                for at, (name, numbers) in enumerate(series)
            ],
        ),
        "options": charts.OPTIONS,
        "most_used": _linked(most),
        "names": [name for name, _ in series],
        "rows": [(f"{hour:%H:%M}", [f"{numbers[at]:,}" for _, numbers in series]) for at, hour in enumerate(hours)],
    }


def _linked(most: Sequence[Used]) -> list[dict[str, Any]]:
    """Return the flags that are used most; one that was deleted, or never was, leads nowhere."""
    rows = Flag.objects.filter(project__in={used.project_id for used in most}, key__in={used.flag_key for used in most})
    known = {(project, key): pk for pk, project, key in rows.values_list("pk", "project", "key")}
    return [
        {
            "key": used.flag_key,
            "pk": known.get((used.project_id, used.flag_key)),
            "number": f"{used.count:,}",
            "failed": charts.percent(used.errors, used.count) if used.errors else "",
        }
        for used in most
    ]
