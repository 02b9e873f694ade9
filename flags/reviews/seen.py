"""A change request as it is now: what it changes, what stands in its way, and who approved it.

Rehearsed while it waits; once it has ended, read from what was kept of it and from the history. What one person may
do with it is not known here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accounts.actors import Actor
from accounts.models import Environment
from flags.editing.edits import edits_from_json
from flags.history import Entry, entries_of
from flags.models import Approval, ChangeRequest, RevisionItem
from flags.querysets import with_predecessors
from flags.services.change_requests import (
    Difference,
    Told,
    approvals_in_force,
    approvals_of,
    compare,
    rehearse,
    told_from_json,
    told_of,
)
from flags.services.change_requests.merging import Comparison
from flagsite.lib.problems import Refusal, StaleVersion

REVIEWER: Final = Actor.system("review")


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
    """Those in force; once it has ended, those that it had."""
    told: Sequence[Told]
    """What it changes, in sentences; once it has ended, as they were reviewed."""

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
        found = {environment.pk: environment for told in self.told for environment in told.environments}
        return sorted(found.values(), key=lambda each: (each.position, each.key))

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
    return _rehearsed(change_request) if change_request.is_pending else _ended(change_request)


def _rehearsed(change_request: ChangeRequest) -> Seen:
    difference: Difference | None = None
    comparison: Comparison | None = None
    obstacle = ""
    try:
        edits = edits_from_json(change_request.edits)
        difference = rehearse(project=change_request.project, edits=edits, by=REVIEWER)
    except StaleVersion:
        comparison = compare(change_request)
    except Refusal as refusal:
        obstacle = refusal.detail
    return Seen(
        change_request=change_request,
        difference=difference,
        comparison=comparison,
        obstacle=obstacle,
        approvals=approvals_in_force(change_request),
        told=told_of(difference) if difference else [],
    )


def _ended(change_request: ChangeRequest) -> Seen:
    items = RevisionItem.objects.filter(revision__change_request=change_request).select_related("environment__project")
    published = Difference(entries_of(with_predecessors(items).order_by("pk")), [])
    kept = told_from_json(change_request.told, project=change_request.project)
    return Seen(
        change_request=change_request,
        difference=published if published.entries else None,
        comparison=None,
        obstacle="",
        approvals=list(approvals_of(change_request)),
        told=kept or told_of(published),  # those that ended before sentences were kept have them in revisions only
    )
