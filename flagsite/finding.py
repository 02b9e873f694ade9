"""What the sidebar's search box finds: pages of the admin, flags and segments, by a part of their name.

Whoever searches finds what they may see, and nothing else. A few of each kind: who finds too many writes more letters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import Length
from django.http import HttpRequest
from django.urls import reverse

from accounts.admin.requests import access_of
from accounts.permissions import Access
from accounts.roles import Ability
from flags.models import Flag
from segments.models import Segment

MAX_PAGES: Final = 4
MAX_FLAGS: Final = 8
MAX_SEGMENTS: Final = 4


@dataclass(frozen=True)
class Found:
    """Something that the text names: its icon, what it is called, what else there is to say, where it leads."""

    icon: str
    title: str
    about: str
    address: str


def found(request: HttpRequest, text: str, sidebar: Iterable[dict[str, Any]]) -> list[Found]:
    """Return what the text names; pages are those that the sidebar offers this person."""
    text = text.replace("\0", "").strip()
    if not text:
        return []
    access = access_of(request)
    flags = _named(Flag.objects.all(), text, access)[:MAX_FLAGS]
    segments = _named(Segment.objects.all(), text, access)[:MAX_SEGMENTS]
    return [
        *_pages(sidebar, text),
        *(_row("flag", "flags_flag_change", row) for row in flags),
        *(_row("group", "segments_segment_change", row) for row in segments),
    ]


def _pages(sidebar: Iterable[dict[str, Any]], text: str) -> list[Found]:
    pages = [(group["title"], page) for group in sidebar for page in group["items"]]
    named = [(group, page) for group, page in pages if page["title"].lower().startswith(text.lower())]
    return [Found(page["icon"], page["title"], group, page["link"]) for group, page in named[:MAX_PAGES]]


def _named(rows: QuerySet[Any], text: str, access: Access) -> QuerySet[Any, tuple[int, str, str, str]]:
    """Return id, key, name and project of what holds the text: first what begins with it, the shortest first."""
    seen = rows.filter(project__in=access.projects(Ability.VIEW))
    held = seen.filter(Q(key__icontains=text) | Q(name__icontains=text))
    rank = Case(When(key__istartswith=text, then=0), When(name__istartswith=text, then=1), default=2)
    return held.order_by(rank, Length("key"), "key", "pk").values_list("pk", "key", "name", "project__name")


def _row(icon: str, page: str, row: tuple[int, str, str, str]) -> Found:
    pk, key, name, project = row
    about = " · ".join(part for part in (name, project) if part)
    return Found(icon, key, about, reverse(f"admin:{page}", args=[pk]))
