"""One timeline of what happened to a project, or to one flag or segment: its filters and its pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from auditlog.models import LogEntry
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Value, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from accounts.actors import Source
from accounts.models import Project
from flags.admin.history.details import Detail, about_one, details_of
from flags.admin.history.hands import hands
from flags.history import Entry, entries_of
from flags.models import Revision, RevisionItem
from flags.querysets import with_predecessors

PAGE_SIZE: Final = 20
_REVISION, _DETAIL = 0, 1
SHOWN: Final = 4
"""Flags and segments whose changes are told of one revision; of more, it says how many there are."""


@dataclass(frozen=True)
class Moment:
    """One revision with what changed in it."""

    revision: Revision
    entries: Sequence[Entry]
    more: int

    @property
    def project(self) -> Project:
        """Return whose configuration changed."""
        return self.revision.environment.project

    @property
    def hands(self) -> str:
        """Return who had which part in it."""
        return hands_in(self.revision)


def hands_in(revision: Revision) -> str:
    """Return who proposed, approved and published a revision, when it was not one person."""
    proposed_by = revision.change_request.author_label if revision.change_request else ""
    return hands(proposed_by=proposed_by, approved_by=revision.approved_by, published_by=revision.actor_label)


@dataclass(frozen=True)
class Asked:
    """What a timeline is asked to show; empty: everything."""

    project: str = ""
    environment: str = ""
    kind: str = ""
    key: str = ""
    source: str = ""
    q: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "Asked":
        """Return what the address asks for; what no row can hold is asked for without its NUL."""
        return cls(**{name: str(parameters.get(name, "")).replace("\0", "")[:200] for name in cls.__annotations__})

    @property
    def one(self) -> bool:
        """Tell whether it is about one flag or segment."""
        return bool(self.kind and self.key)

    def revisions(self, rows: QuerySet[Revision]) -> QuerySet[Revision]:
        """Keep the revisions that are asked for, the newest first, without their deltas."""
        wanted = {"environment__project__key": self.project, "environment__key": self.environment}
        wanted["source"] = self.source
        rows = rows.filter(**{path: value for path, value in wanted.items() if value})
        if self.one:
            rows = rows.filter(items__kind=self.kind, items__key=self.key)
        if self.q:
            by_key = RevisionItem.objects.filter(key__icontains=self.q).values("revision")
            about = Q(actor_label__icontains=self.q) | Q(comment__icontains=self.q)
            rows = rows.filter(about if self.one else about | Q(pk__in=by_key))
        rows = rows.select_related("environment__project", "change_request")
        return rows.defer("delta", "change_request__edits", "change_request__told").order_by("-created_at", "-pk")

    def details(self, rows: QuerySet[LogEntry]) -> QuerySet[LogEntry]:
        """Keep the changes of names and the like that are asked for; they belong to no environment."""
        if self.environment:
            return rows.none()
        wanted = {"additional_data__project": self.project, "additional_data__source": self.source}
        rows = rows.filter(**{path: value for path, value in wanted.items() if value})
        if self.one:
            rows = about_one(rows, kind=self.kind, key=self.key, project=self.project)
        if self.q:
            about = Q(additional_data__actor__icontains=self.q) | Q(additional_data__comment__icontains=self.q)
            rows = rows.filter(about if self.one else about | Q(object_repr__icontains=self.q))
        return rows

    def items(self, revisions: Sequence[Revision]) -> QuerySet[RevisionItem]:
        """Return what is told of the revisions: the one flag or segment, or the first of all."""
        items = RevisionItem.objects.filter(revision__in=revisions)
        if self.one:
            return items.filter(kind=self.kind, key=self.key)
        place = Window(RowNumber(), partition_by=F("revision"), order_by=F("pk").asc())
        first = items.annotate(place=place).filter(place__lte=SHOWN).values_list("pk", flat=True)
        return RevisionItem.objects.filter(pk__in=list(first))


def timeline(
    rows: QuerySet[Revision], details: QuerySet[LogEntry], asked: Asked, page: str
) -> tuple[Page[Any], list[Moment | Detail]]:
    """Return a page of revisions and of changes of names and the like, in a constant number of queries."""
    revisions = asked.revisions(rows)
    both = _places(revisions, F("created_at"), _REVISION).union(
        _places(asked.details(details), F("timestamp"), _DETAIL), all=True
    )
    shown = Paginator(both.order_by("-at", "-what", "-id"), PAGE_SIZE).get_page(page)
    chosen = {what: [pk for _, pk, each in shown if each == what] for what in (_REVISION, _DETAIL)}
    found: dict[tuple[int, int], Moment | Detail] = {
        (_REVISION, moment.revision.pk): moment
        for moment in moments_of(list(revisions.filter(pk__in=chosen[_REVISION])), asked)
    }
    entries = LogEntry.objects.filter(pk__in=chosen[_DETAIL]).select_related("content_type")
    found |= {(_DETAIL, pk): detail for pk, detail in details_of(entries).items()}
    return shown, [found[what, pk] for _, pk, what in shown]


def _places(rows: QuerySet[Any], at: F, what: int) -> QuerySet[Any, Any]:
    """Return when each row was and where it is found again, alike for both tables."""
    found: QuerySet[Any, Any] = rows.order_by().annotate(at=at, what=Value(what)).values_list("at", "id", "what")
    return found


def moments_of(revisions: Sequence[Revision], asked: Asked) -> list[Moment]:
    """Return the revisions with what changed in each, in a constant number of queries."""
    by_revision: dict[int, list[Entry]] = {}
    for entry in entries_of(with_predecessors(asked.items(revisions)).order_by("pk")):
        by_revision.setdefault(entry.item.revision_id, []).append(entry)
    held = RevisionItem.objects.filter(revision__in=revisions).order_by()
    counts = dict(held.values_list("revision").annotate(Count("pk"))) if not asked.one else {}
    moments = []
    for revision in revisions:
        entries = by_revision.get(revision.pk, [])
        moments.append(Moment(revision, entries, max(counts.get(revision.pk, 0) - len(entries), 0)))
    return moments


def timeline_address(**about: str) -> str:
    """Return the address of a timeline: `project`, `environment`, `kind` and `key` say whose."""
    return f"{reverse('admin:flags_revision_timeline')}?{urlencode(about)}"


SOURCES: Final = tuple(
    (source.value, source.value.upper() if source is Source.API else source.value) for source in Source
)
