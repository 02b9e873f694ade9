"""Doing edits, for real or to see what they would change: one and the same code, so the two cannot disagree.

A rehearsal does the edits in a transaction that is rolled back. It reads what changed from the revisions that were
appended, as the history does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Final, cast

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor, Clearance
from accounts.models import Environment, Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flags.differences import Change, about_changes
from flags.editing.edits import Edit, FlagDeletion, FlagEdit, FlagRecreation, SegmentDeletion, SegmentEdit
from flags.errors import InvalidEdit
from flags.history import Entry, entries_of, folded
from flags.models import RevisionItem
from flags.querysets import lock_flag, states_of, with_predecessors
from flags.services.changes import delete_flag
from flags.services.everywhere import check_versions, update_flag_everywhere
from flags.services.fields import FlagFields
from flags.services.recreating import recreate_flag
from flags.services.writing import shared_fields
from flagsite.lib.canonical import canonical
from flagsite.lib.problems import InvalidInput
from flagsite.lib.tracing import traced
from segments.models import Segment
from segments.querysets import segment_named
from segments.services import SegmentFields, delete_segment, update_segment

REHEARSAL: Final = "Rehearsal"
NOTHING: Final[Mapping[str, Any]] = {"name": "", "description": ""}
"""What is written about a flag that is not there."""


@dataclass(frozen=True)
class About:
    """What changes of a flag or segment that no SDK is sent: its name, description, tags."""

    kind: str
    key: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class Difference:
    """What edits change: each flag and segment in each environment, and what people read of them."""

    entries: Sequence[Entry]
    about: Sequence[About]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing changes."""
        return not self.entries and not any(each.changes for each in self.about)

    @property
    def environments(self) -> list[Environment]:
        """Return the environments in which something changes, in their order."""
        found = {entry.item.environment_id: entry.item.environment for entry in self.entries}
        return sorted(found.values(), key=lambda each: (each.position, each.key))

    def entries_of(self, kind: str, key: str) -> list[Entry]:
        """Return what changes of one flag or segment, by environment."""
        return [entry for entry in self.entries if (entry.item.kind, entry.item.key) == (kind, key)]

    def digest(self) -> str:
        """Return the SHA-256 of the exact difference, as hexadecimal text: what an approval is bound to."""
        found = hashlib.sha256()
        for entry in self.entries:
            item = entry.item
            found.update(canonical([item.environment_id, item.kind, item.key, entry.before, entry.after]) + b"\n")
        for each in self.about:
            found.update(canonical([each.kind, each.key, [change.sentence for change in each.changes]]) + b"\n")
        return found.hexdigest()


@traced
def rehearse(*, project: Project, edits: Sequence[Edit], by: Actor) -> Difference:
    """Return what the edits would change, and change nothing.

    Neither comment nor approval is asked for yet; roles, versions and everything else are.

    Raises:
        MissingRole, StaleVersion, InvalidInput and the like: what the services would refuse.
    """
    require(by, Ability.EDIT, project)
    with transaction.atomic():
        cleared = by.cleared(Clearance(approved_by=REHEARSAL))
        difference = carry_out(project=project, edits=edits, by=cleared, comment=REHEARSAL)
        transaction.set_rollback(True)
    return difference


def carry_out(*, project: Project, edits: Sequence[Edit], by: Actor, comment: str) -> Difference:
    """Do the edits in the caller's transaction, all or none, and return what they changed.

    Raises:
        InvalidEdit: naming the edit, and each place of it that is wrong.
        MissingRole, StaleVersion and the like: what a service refuses.
    """
    environments = lock_environments(project)
    heads = {environment.pk: environment.revision for environment in environments}
    about = [_placed(number, project, edit, by=by, comment=comment) for number, edit in enumerate(edits)]
    return Difference(_entries_since(heads, environments), about)


def _placed(number: int, project: Project, edit: Edit, *, by: Actor, comment: str) -> About:
    """Do one edit of several; when its input is wrong, the refusal says which it was."""
    try:
        return _carry_out(project, edit, by=by, comment=comment)
    except InvalidInput as refusal:
        raise InvalidEdit.number(number, refusal.errors) from None


def _carry_out(project: Project, edit: Edit, *, by: Actor, comment: str) -> About:
    """Do one edit, and return what changed of it that no SDK is sent."""
    match edit:
        case FlagEdit():
            old = shared_fields(lock_flag(edit.key, project=project))
            update_flag_everywhere(
                project=project,
                key=edit.key,
                shared=cast(FlagFields, edit.shared),
                states=cast(Mapping[str, FlagFields], edit.states),
                if_versions=edit.versions,
                by=by,
                comment=comment,
            )
            return About("flag", edit.key, about_changes(old, shared_fields(lock_flag(edit.key, project=project))))
        case SegmentEdit():
            old = segment_about(segment_named(edit.key, project=project))
            changed = update_segment(
                project=project,
                key=edit.key,
                fields=cast(SegmentFields, edit.fields),
                by=by,
                if_version=edit.version,
                comment=comment,
            )
            return About("segment", edit.key, about_changes(old, segment_about(changed)))
        case FlagDeletion():
            environments = list(project.environments.all())
            flag = lock_flag(edit.key, project=project)
            check_versions(states_of(flag, environments=environments), edit.versions)
            delete_flag(project=project, environment=environments[0], key=edit.key, by=by, comment=comment)
            return About("flag", edit.key, [])
        case FlagRecreation():
            flag = recreate_flag(project=project, edit=edit, by=by, comment=comment)
            return About("flag", edit.key, about_changes(NOTHING, shared_fields(flag)))
        case SegmentDeletion():
            delete_segment(project=project, key=edit.key, by=by, if_version=edit.version, comment=comment)
            return About("segment", edit.key, [])


def segment_about(segment: Segment) -> Mapping[str, Any]:
    """Return what people read of a segment and no SDK is sent."""
    return {"name": segment.name, "description": segment.description}


def _entries_since(heads: Mapping[int, int], environments: Sequence[Environment]) -> list[Entry]:
    """Return what changed in the environments since they were at these revisions, in the order of environments."""
    held = {environment.pk: environment for environment in environments}
    later = [Q(environment=pk, number__gt=number) for pk, number in heads.items()]
    items = RevisionItem.objects.filter(reduce(or_, later, Q(pk=None)))
    found = folded(entries_of(with_predecessors(items).order_by("number")))
    for entry in found:
        entry.item.environment = held[entry.item.environment_id]
    return sorted(found, key=_order)


def _order(entry: Entry) -> tuple[int, int, str, str]:
    item = entry.item
    return item.environment.position, item.environment_id, item.kind, item.key
