"""A change request as it is now: what it changes, what stands in its way, and who approved it.

Rehearsed while it waits, read from the history once it is published. What one person may do with it is not known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from accounts.actors import Actor
from accounts.models import Environment
from flags.editing.edits import edits_from_json
from flags.history import Entry, entries_of
from flags.models import Approval, ChangeRequest, RevisionItem
from flags.querysets import with_predecessors
from flags.services.change_requests import Difference, approvals_in_force, compare, rehearse
from flags.services.change_requests.merging import Comparison
from flagsite.lib.problems import Refusal, StaleVersion

REVIEWER: Final = Actor.system("review")


@dataclass(frozen=True)
class Told:
    """The same change in one or several environments, in sentences."""

    kind: str
    key: str
    environments: Sequence[Environment]
    sentences: Sequence[str]


@dataclass(frozen=True)
class Seen:
    """A change request with everything that decides whether it can be published."""

    change_request: ChangeRequest
    difference: Difference | None
    comparison: Comparison | None
    """Set when somebody has changed what the request was made on."""
    obstacle: str
    """Why the request can no longer be published, when it is not because of somebody else's change."""
    approvals: Sequence[Approval]

    @cached_property
    def told(self) -> list[Told]:
        """Return what changes, in sentences; what is the same in several environments once."""
        return _told(self.difference) if self.difference else []

    @property
    def entries(self) -> list[Entry]:
        """Return what changes of each flag in each environment; a segment is the same in all of them, and here once."""
        found: dict[tuple[str, str, int], Entry] = {}
        for entry in self.difference.entries if self.difference else ():
            item = entry.item
            is_segment = item.kind == RevisionItem.Kind.SEGMENT
            found.setdefault((item.kind, item.key, 0 if is_segment else item.environment_id), entry)
        return list(found.values())

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


def seen(change_request: ChangeRequest) -> Seen:
    """Return what there is to see of a change request."""
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
    return Seen(
        change_request=change_request,
        difference=difference,
        comparison=comparison if change_request.is_pending else None,
        obstacle=obstacle if change_request.is_pending else "",
        approvals=approvals_in_force(change_request),
    )


def _told(difference: Difference) -> list[Told]:
    found: dict[tuple[str, str, tuple[str, ...]], list[Environment]] = {}
    for about in difference.about:
        if about.changes:
            found[about.kind, about.key, tuple(change.sentence for change in about.changes)] = []
    for entry in difference.entries:
        place = (entry.item.kind, entry.item.key, tuple(entry.sentences))
        found.setdefault(place, []).append(entry.item.environment)
    return [Told(kind, key, environments, sentences) for (kind, key, sentences), environments in found.items()]
