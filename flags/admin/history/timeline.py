"""One timeline of what happened to a project's configuration, or to one flag or segment: its filters and its pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from accounts.actors import Source
from flags.history import Entry, entries_of
from flags.models import Revision, RevisionItem
from flags.querysets import with_predecessors

PAGE_SIZE: Final = 20
SHOWN: Final = 4
"""Flags and segments whose changes are told of one revision; of more, it says how many there are."""


@dataclass(frozen=True)
class Moment:
    """One revision with what changed in it."""

    revision: Revision
    entries: Sequence[Entry]
    more: int


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
        return rows.select_related("environment__project").defer("delta").order_by("-created_at", "-pk")

    def items(self, revisions: Sequence[Revision]) -> QuerySet[RevisionItem]:
        """Return what is told of the revisions: the one flag or segment, or the first of all."""
        items = RevisionItem.objects.filter(revision__in=revisions)
        if self.one:
            return items.filter(kind=self.kind, key=self.key)
        place = Window(RowNumber(), partition_by=F("revision"), order_by=F("pk").asc())
        first = items.annotate(place=place).filter(place__lte=SHOWN).values_list("pk", flat=True)
        return RevisionItem.objects.filter(pk__in=list(first))


def timeline(rows: QuerySet[Revision], asked: Asked, page: str) -> tuple[Page[Revision], list[Moment]]:
    """Return a page of revisions with what changed in each, in a constant number of queries."""
    shown = Paginator(asked.revisions(rows), PAGE_SIZE).get_page(page)
    return shown, moments_of(list(shown), asked)


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
