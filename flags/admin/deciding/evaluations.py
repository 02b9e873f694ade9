"""A flag's recorded evaluations in the admin: who got which variation, and why. Nothing is changed here."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_http_methods
from flagsite_sdk.engine.result import Reason

from flags.admin.deciding.paths import REASONS
from flags.admin.desk_pages import DeskPages, asked_for, environment_meant, environments_of
from flags.admin.flags.cards import named_variations
from flags.models import Flag, RecordedEvaluation
from flags.recording.questions import Asked, evaluation_body, evaluations_of
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
        return cls(**found)

    def asked(self) -> Asked:
        """Return the same as a question; a span that is none asks for everything."""
        since = moment_before(self.since, now=clock.now())
        user = self.user_id or None
        return Asked(since=since, user_id=user, variation=self.variation, reason=self.reason, rule=self.rule)


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
            "variations": list(named),
            "reasons": [reason.value for reason in Reason],
            "page": page,
            "has_older": len(found) > PAGE_SIZE and page < MAX_PAGE,
            "rows": [_told(row, flag, named) for row in found[:PAGE_SIZE]],
        }
        return self.desk_page(request, "evaluations", about)


def _told(row: RecordedEvaluation, flag: Flag, named: dict[str, Any]) -> dict[str, Any]:
    body = evaluation_body(row, flag.project)
    attributes = ", ".join(f"{path} {value_in_words(value)}" for path, value in body["attributes"].items())
    colour = named[body["variation"]].colour if body["variation"] in named else ""
    why = REASONS.get(body["reason"], body["error_code"] or body["reason"])
    return {**body, "at": row.time, "attributes": clipped(attributes, 200), "colour": colour, "why": why}
