"""What the page of a change request is told: what changes, what stands in the way, and what this person may do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.actors import Actor
from accounts.models import Environment, User
from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.history.side_by_side import Row, side_by_side
from flags.differences.flags import serve_in_words
from flags.editing.edits import edits_from_json
from flags.editing.merging import Clash
from flags.forms.reviews import CHOICE
from flags.history import Entry, entries_of
from flags.models import Approval, ChangeRequest, RevisionItem
from flags.querysets import with_predecessors
from flags.services.change_requests import Difference, approvals_in_force, compare, rehearse
from flags.services.change_requests.merging import Collision, Comparison
from flagsite.lib.problems import Refusal, StaleVersion
from flagsite.lib.text_fields import pretty
from segments.wording import clipped

REVIEWER = Actor.system("review")
SERVES: Final = frozenset({"fallthrough", "serve"})
"""Parts that are serves: where somebody has to choose between two, they are told in words."""
LONGEST_PART: Final = 2_000
"""Characters of a part that are shown where somebody has to choose."""


@dataclass(frozen=True)
class Told:
    """The same change in one or several environments, in sentences."""

    kind: str
    key: str
    environments: Sequence[Environment]
    sentences: Sequence[str]


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
class Review:
    """A change request as a person sees it."""

    change_request: ChangeRequest
    difference: Difference | None
    told: Sequence[Told]
    compared: Sequence[Compared]
    comparison: Comparison | None
    """Set when somebody has changed what the request was made on."""
    obstacle: str
    """Why the request can no longer be published, when it is not because of somebody else's change."""
    approvals: Sequence[Approval]
    is_own: bool
    is_approved_by_them: bool
    may_edit: bool

    @property
    def collisions(self) -> list[tuple[Collision, list[Choice]]]:
        """Return what both changed, with the choices that a person has to make."""
        found = self.comparison.collisions if self.comparison else ()
        return [(each, [_choice(each.place, clash) for clash in each.clashes]) for each in found]

    @property
    def environments(self) -> Sequence[Environment]:
        """Return the environments in which something changes."""
        return self.difference.environments if self.difference else []

    @property
    def protected(self) -> list[Environment]:
        """Return the environments that ask for a comment."""
        return [each for each in self.environments if each.is_protected]

    @property
    def guarded(self) -> list[Environment]:
        """Return the environments that ask for an approval."""
        return [each for each in self.environments if each.requires_approval]

    @property
    def is_live(self) -> bool:
        """Tell whether the request can be published as it stands, but for comment and approval."""
        return self.change_request.is_pending and self.difference is not None and self.comparison is None

    @property
    def lacks_approval(self) -> bool:
        """Tell whether an approval is asked for that nobody has given."""
        return bool(self.guarded) and not self.approvals

    @property
    def may_approve(self) -> bool:
        """Tell whether this person may approve it now."""
        return self.is_live and self.may_edit and not (self.is_own or self.is_approved_by_them)


def review_of(change_request: ChangeRequest, *, access: Access) -> Review:
    """Return what there is to see of a change request: rehearsed while it waits, from the history once it is done."""
    difference: Difference | None = None
    comparison: Comparison | None = None
    obstacle = ""
    if change_request.status == ChangeRequest.Status.PUBLISHED:
        items = RevisionItem.objects.filter(revision__change_request=change_request)
        items = items.select_related("environment__project")
        difference = Difference(entries_of(with_predecessors(items).order_by("pk")), [])
    else:
        edits = edits_from_json(change_request.edits)
        try:
            difference = rehearse(project=change_request.project, edits=edits, by=REVIEWER)
        except StaleVersion:
            comparison = compare(change_request)
        except Refusal as refusal:
            obstacle = refusal.detail
    approvals = approvals_in_force(change_request)
    return Review(
        change_request=change_request,
        difference=difference,
        told=_told(difference) if difference else [],
        compared=[Compared(each, side_by_side(each.before, each.after)) for each in _once(difference)],
        comparison=comparison if change_request.is_pending else None,
        obstacle=obstacle if change_request.is_pending else "",
        approvals=approvals,
        is_own=_has_a_hand_in(change_request, access.user),
        is_approved_by_them=any(each.person_id == access.user.pk for each in approvals),
        may_edit=access.may(Ability.EDIT, change_request.project_id),
    )


def _choice(place: str, clash: Clash) -> Choice:
    tell = serve_in_words if clash.path.rpartition(".")[2] in SERVES else pretty
    sides = ("take it away" if part is None else tell(part) for part in (clash.mine, clash.theirs))
    return Choice(f"{CHOICE}{place}: {clash.path}", clash.path, *(clipped(side, LONGEST_PART) for side in sides))


def _told(difference: Difference) -> list[Told]:
    found: dict[tuple[str, str, tuple[str, ...]], list[Environment]] = {}
    for about in difference.about:
        if about.changes:
            found[about.kind, about.key, tuple(change.sentence for change in about.changes)] = []
    for entry in difference.entries:
        place = (entry.item.kind, entry.item.key, tuple(entry.sentences))
        found.setdefault(place, []).append(entry.item.environment)
    return [Told(kind, key, environments, sentences) for (kind, key, sentences), environments in found.items()]


def _once(difference: Difference | None) -> Iterable[Entry]:
    """Return the entries to compare; a segment is the same in every environment and shown once."""
    seen: set[Any] = set()
    for entry in difference.entries if difference else ():
        place = (entry.item.kind, entry.item.key, entry.item.kind == "flag" and entry.item.environment_id)
        if place not in seen:
            seen.add(place)
            yield entry


def _has_a_hand_in(change_request: ChangeRequest, user: User) -> bool:
    return change_request.contributors.filter(pk=user.pk).exists()
