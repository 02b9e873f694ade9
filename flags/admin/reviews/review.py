"""What the page of a change request is told besides what everybody is: documents side by side, and what one may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.history.side_by_side import Row, side_by_side
from flags.differences.flags import serve_in_words
from flags.editing.merging import Clash
from flags.forms.reviews import CHOICE
from flags.history import Entry
from flags.models import ChangeRequest
from flags.reviews import Seen, seen
from flags.services.change_requests.merging import Collision
from flagsite.lib.text_fields import pretty
from segments.wording import clipped

SERVES: Final = frozenset({"fallthrough", "serve"})
"""Parts that are serves: where somebody has to choose between two, they are told in words."""
LONGEST_PART: Final = 2_000
"""Characters of a part that are shown where somebody has to choose."""


@dataclass(frozen=True)
class Compared:
    """One flag or segment in one environment, both documents beside each other; without rows they are too long."""

    entry: Entry
    rows: Sequence[Row] | None


@dataclass(frozen=True)
class Choice:
    """A part that both changed: the field that asks which side wins, and what each side makes of it."""

    name: str
    path: str
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
    return Choice(f"{CHOICE}{place}: {clash.path}", clash.path, *(clipped(side, LONGEST_PART) for side in sides))


def _has_a_hand_in(change_request: ChangeRequest, user: User) -> bool:
    return change_request.contributors.filter(pk=user.pk).exists()
