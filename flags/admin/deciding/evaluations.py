"""A flag's recorded evaluations in the admin: who got which variation, and why. Nothing is changed here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods
from flagsite_sdk.engine.result import Reason

from flags.admin.deciding.paths import REASONS
from flags.admin.desk_pages import DeskPages, asked_for, environment_meant, environments_of
from flags.admin.flags.cards import named_variations
from flags.models import Flag, RecordedEvaluation
from flags.recording.questions import Asked, evaluation_body, evaluations_of
from flags.usage.losses import missing_records
from flagsite.lib import clock
from flagsite.lib.digits import number_of
from flagsite.lib.moments import moment_before
from segments.wording import clipped, value_in_words

PAGE_SIZE: Final = 50
MAX_PAGE: Final = 200
"""Who wants to go further back narrows the question down, or asks the REST API."""
SPANS: Final = {"1h": "last hour", "1d": "last day", "7d": "last 7 days", "": "everything kept"}


@dataclass(frozen=True)
class Filters:
    """What the page is asked for, as it was typed."""

    environment: str
    since: str
    begin: str
    until: str
    user_id: str
    variation: str
    reason: str
    rule: str

    @classmethod
    def of(cls, request: HttpRequest) -> "Filters":
        """Return what the form, or a link's address, asks for; of a bare address the last day."""
        found = {name: asked_for(request, name) for name in cls.__annotations__}
        if request.method != "POST" and "since" not in request.GET:
            found["since"] = "1d"
        if found["begin"] or found["until"]:
            found["since"] = ""  # whoever names moments does not mean a span as well
        return cls(**found)

    @property
    def problem(self) -> str:
        """Return what is wrong with the moments; empty: nothing."""
        begin, until = _moment(self.begin), _moment(self.until)
        if (self.begin and begin is None) or (self.until and until is None):
            return "A moment is a day and a time, such as 2026-11-22 14:05."
        return "That is the wrong way round: it ends before it begins." if begin and until and begin > until else ""

    def asked(self) -> Asked:
        """Return the same as a question; a span that is none asks for everything."""
        since = _moment(self.begin) or moment_before(self.since, now=clock.now())
        texts = {name: getattr(self, name) for name in ("variation", "reason", "rule")}
        return Asked(since=since, until=_moment(self.until), user_id=self.user_id or None, **texts)


class EvaluationPages(DeskPages):
    """The page of a flag's evaluations: whoever sees the project may read it."""

    def get_urls(self) -> list[Any]:
        """Add the page."""
        view = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.evaluations_view))
        return [path("<int:pk>/evaluations/", view, name="flags_flag_evaluations"), *super().get_urls()]

    def evaluations_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """List who got what, the newest first.

        Asked by POST, though nothing changes: who a context is does not belong into addresses and access logs.
        """
        flag = self.flag_of_page(request, pk)
        environments = environments_of(flag.project)
        filters = Filters.of(request)
        environment = environment_meant(environments, filters.environment)
        rows = evaluations_of(flag.key, environment, filters.asked())
        rows = rows.none() if filters.problem else rows
        page = min(number_of(asked_for(request, "p")) or 1, MAX_PAGE)
        found = list(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1])  # counting all of them could take long
        named = named_variations(flag.variations)
        about = {
            "title": f"Evaluations of {flag.key}",
            "flag": flag,
            "environments": environments,
            "environment": environment,
            "filters": filters,
            "spans": SPANS,
            "now": clock.now(),
            "variations": list(named),
            "reasons": [reason.value for reason in Reason],
            "page": page,
            "has_older": len(found) > PAGE_SIZE and page < MAX_PAGE,
            "missing": missing_records(environment, since=filters.asked().since),
            "rows": [_told(row, flag, named) for row in found[:PAGE_SIZE]],
        }
        return self.desk_page(request, "evaluations", about)


def _moment(text: str) -> datetime | None:
    """Return the moment of a field whose clock is that of all environments: UTC, unless an offset is written."""
    try:
        moment = parse_datetime(text)
        return moment and (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _told(row: RecordedEvaluation, flag: Flag, named: dict[str, Any]) -> dict[str, Any]:
    body = evaluation_body(row, flag.project)
    attributes = ", ".join(f"{path} {value_in_words(value)}" for path, value in body["attributes"].items())
    colour = named[body["variation"]].colour if body["variation"] in named else ""
    why = REASONS.get(body["reason"], body["error_code"] or body["reason"])
    return {**body, "at": row.time, "attributes": clipped(attributes, 200), "colour": colour, "why": why}
