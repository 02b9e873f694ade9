"""A flag's insights: how often it was evaluated to what, what failed, what changed meanwhile, and which SDKs report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from flags.admin.deciding.paths import REASONS
from flags.admin.desk_pages import DeskPages, asked_for, environment_meant, environments_of
from flags.admin.flags.cards import Variation, named_variations
from flags.admin.usage import charts
from flags.history import Entry
from flags.models import Flag, RevisionItem
from flags.usage.changes import changes_reaching
from flags.usage.counts import PERIODS, Period, usage
from flags.usage.insights import Insights, Shown, insights_of
from flags.usage.instances import sdks_of
from flags.usage.last_asked import last_seen
from flags.usage.losses import missing_counts
from flagsite.lib import clock

DEFAULT: Final = PERIODS["day"]
MAX_CHANGES: Final = 50
"""Changes that are marked; of more, the newest."""
MAX_VERSIONS: Final = 50
"""Versions of SDKs that are listed; of more, those that reported last."""
FAILED: Final = "Error"
_WHY: Final = {**REASONS, "ERROR": "an error: callers got their own default"}
_LABELS: Final = {"minute": "%H:%M", "hour": "%-d %b %H:%M", "day": "%-d %b"}


@dataclass(frozen=True)
class Share:
    """A line of a table: what, how often, and which share of all that is."""

    name: str
    number: str
    share: str
    width: float
    """The share in per cent, for its bar."""
    colour: str = ""


class InsightPages(DeskPages):
    """The page of how a flag is used: whoever sees the project may read it."""

    def get_urls(self) -> list[Any]:
        """Add the page."""
        view = self.admin_site.admin_view(require_safe(self.insights_view))
        return [path("<int:pk>/insights/", view, name="flags_flag_insights"), *super().get_urls()]

    def insights_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show a period of one environment."""
        flag, now = self.flag_of_page(request, pk), clock.now()
        environments = environments_of(flag.project)
        environment = environment_meant(environments, asked_for(request, "environment"))
        period = PERIODS.get(asked_for(request, "period"), DEFAULT)
        named = named_variations(flag.variations)
        found = insights_of(usage(environment.pk, flag.key, period, now=now), list(named), period, now=now)
        entries = changes_reaching(flag.key, environment, since=period.begin(now), most=MAX_CHANGES)
        changes = [(entry, _whose(entry, flag)) for entry in entries]
        about = {
            "title": f"Insights into {flag.key}",
            "flag": flag,
            "environments": environments,
            "environment": environment,
            "periods": PERIODS.values(),
            "period": period,
            "total": f"{found.total:,}",
            "failed_share": charts.percent(found.failed, found.total),
            "last_at": last_seen(environment.pk, flag.key),
            "variations": [
                _share(_name(each, named), each.total, found.total, _colour(each, named)) for each in found.shown
            ],
            "errors": [_share(code or "without a code", number, found.total) for code, number in found.errors],
            "reasons": [_share(_WHY.get(key, key), number, found.total) for key, number in found.reasons],
            "changes": changes,
            "missing": missing_counts(environment, since=period.begin(now)),
            "sdks": sdks_of(environment, now=now, most=MAX_VERSIONS),
            **_over_time(found, changes, named, period, now),
        }
        return self.desk_page(request, "insights", about)


def _whose(entry: Entry, flag: Flag) -> str:
    """Return what was changed, where it is not the flag itself but something that it leans on."""
    if entry.item.kind == RevisionItem.Kind.SEGMENT:
        return f"segment {entry.item.key}"
    return f"prerequisite {entry.item.key}" if entry.item.key != flag.key else ""


def _over_time(
    found: Insights, changes: Sequence[tuple[Entry, str]], named: dict[str, Variation], period: Period, now: datetime
) -> dict[str, Any]:
    """Return the chart, and its table with a line for each step in which something happened."""
    moments = period.moments(now)
    marks: list[list[str]] = [[] for _ in moments]
    for entry, whose in reversed(changes):
        place = period.at(entry.item.revision.created_at, now)
        if place is not None:
            told = " ".join(entry.sentences[:3]) or "Published again, unchanged."
            who = ", ".join(part for part in (entry.item.revision.actor_label, whose) if part)
            marks[place].append(f"Revision {entry.item.number}, {who}: {told}")
    labels = [f"{moment:{_LABELS[period.unit]}}" for moment in moments]
    series = [charts.Series(_name(each, named), each.numbers, _hue(each, named)) for each in found.shown]
    rows = [
        (labels[place], [f"{each.numbers[place]:,}" for each in found.shown], marks[place])
        for place in range(len(moments))
        if marks[place] or any(each.numbers[place] for each in found.shown)
    ]
    return {
        "chart": charts.stacked_bars(labels, series, marks=marks),
        "options": charts.OPTIONS,
        "names": [each.name for each in series],
        "rows": rows,
    }


def _share(name: str, number: int, whole: int, colour: str = "") -> Share:
    return Share(name, f"{number:,}", charts.percent(number, whole), 100 * number / whole, colour)


def _name(shown: Shown, named: dict[str, Variation]) -> str:
    return named[shown.variation].words if shown.variation in named else shown.variation or FAILED


def _colour(shown: Shown, named: dict[str, Variation]) -> str:
    """Return the number of the variation's colour; what is none of the flag's has a name."""
    return named[shown.variation].colour if shown.variation in named else "gone" if shown.variation else "error"


def _hue(shown: Shown, named: dict[str, Variation]) -> str:
    colour = _colour(shown, named)
    return {"gone": charts.OTHER, "error": charts.OF_ERRORS}.get(colour) or charts.COLOURS[int(colour)]
