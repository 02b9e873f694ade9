"""What the page of a change request is told besides what everybody is: documents side by side, and what one may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Manager
from django.urls import reverse

from accounts.models import User
from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.history.side_by_side import Row, side_by_side
from flags.differences.flags import serve_in_words
from flags.editing.merging import Clash
from flags.editing.promoting import PARTS
from flags.forms.reviews import CHOICE
from flags.history import Entry
from flags.models import ChangeRequest, Flag
from flags.reviews import Seen, Told, seen
from flags.services.change_requests.merging import Collision
from flagsite.lib.text_fields import pretty
from segments.models import Segment
from segments.wording import clipped

SERVES: Final = frozenset({"fallthrough", "serve"})
"""Parts that are serves: where somebody has to choose between two, they are told in words."""
ENTRIES: Final = {
    "rules": "rule",
    "variations": "variation",
    "prerequisites": "prerequisite",
    "targets": "target of",
    "included": "id listed in,",
    "excluded": "id listed out,",
    "tags": "tag",
}
"""What an entry of a list is called."""
PAGES: Final[dict[str, tuple[Manager[Any], str]]] = {
    "flag": (Flag.objects, "flags_flag_change"),
    "segment": (Segment.objects, "segments_segment_change"),
}
"""By kind the rows and their page."""
LONGEST_PART: Final = 2_000
"""Characters of a part that are shown where somebody has to choose."""


@dataclass(frozen=True)
class Compared:
    """One flag or segment in one environment, both documents beside each other; without rows they are too long."""

    entry: Entry
    rows: Sequence[Row] | None


@dataclass(frozen=True)
class Choice:
    """A part that both changed, in words: the field that asks which side wins, and what each side makes of it."""

    name: str
    part: str
    mine: str
    theirs: str


@dataclass(frozen=True)
class Review(Seen):
    """A change request as one person sees it."""

    compared: Sequence[Compared]
    is_own: bool
    is_approved_by_them: bool
    may_edit: bool

    @property
    def collisions(self) -> list[tuple[Collision, list[Choice]]]:
        """Return what both changed, with the choices that a person has to make."""
        found = self.comparison.collisions if self.comparison else ()
        return [(each, [_choice(each.place, clash) for clash in each.clashes]) for each in found]

    @property
    def told_with_pages(self) -> list[tuple[Told, str]]:
        """Return what changes, each with the address of its flag or segment; empty where that is not there."""
        pages: dict[tuple[str, str], str] = {}
        for kind, (rows, page) in PAGES.items():
            keys = [told.key for told in self.told if told.kind == kind]
            found = rows.filter(project=self.change_request.project_id, key__in=keys).values_list("key", "pk")
            pages |= {(kind, key): reverse(f"admin:{page}", args=[pk]) for key, pk in found}
        return [(told, pages.get((told.kind, told.key), "")) for told in self.told]

    @property
    def may_approve(self) -> bool:
        """Tell whether this person may approve it now."""
        return self.is_live and self.may_edit and not (self.is_own or self.is_approved_by_them)


def review_of(change_request: ChangeRequest, *, access: Access) -> Review:
    """Return what there is to see of a change request, for somebody."""
    found = seen(change_request)
    return Review(
        **vars(found),
        compared=[Compared(each, side_by_side(each.before, each.after)) for each in found.entries],
        is_own=_has_a_hand_in(change_request, access.user),
        is_approved_by_them=any(each.person_id == access.user.pk for each in found.approvals),
        may_edit=access.may(Ability.EDIT, change_request.project_id),
    )


def _choice(place: str, clash: Clash) -> Choice:
    tell = serve_in_words if clash.path.rpartition(".")[2] in SERVES else pretty
    sides = ("take it away" if part is None else tell(part) for part in (clash.mine, clash.theirs))
    return Choice(f"{CHOICE}{place}: {clash.path}", _part(clash), *(clipped(side, LONGEST_PART) for side in sides))


def _part(clash: Clash) -> str:
    """Return what people call the part: `default rule`, `rule “Beta testers”`, `target of “user-7”`."""
    name, bracket, within = clash.path.partition("[")
    if not bracket:
        return PARTS.get(name, name).lower()
    entry = next((each for each in (clash.theirs, clash.mine, clash.base) if isinstance(each, dict)), {})
    return f"{ENTRIES.get(name, name)} “{entry.get('name') or within.removesuffix(']')}”"


def _has_a_hand_in(change_request: ChangeRequest, user: User) -> bool:
    return change_request.contributors.filter(pk=user.pk).exists()
