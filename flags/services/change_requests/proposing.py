"""Making a change request, and changing it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Project
from accounts.permissions import require
from accounts.roles import Ability
from flags.editing.edits import Edit, FlagEdit, SegmentEdit, concerns_of, edits_as_json, edits_from_json, title_of
from flags.errors import NothingChanges
from flags.models import ChangeRequest, Concern
from flags.querysets import flag_named, lock_change_request
from flags.services.change_requests.rehearsing import Difference, rehearse, segment_about
from flags.services.change_requests.telling import summary_of, told_as_json, told_of
from flags.services.writing import shared_fields
from flagsite.lib import clock
from flagsite.lib.problems import StaleVersion
from flagsite.lib.tracing import traced
from segments.querysets import segment_named


@traced
@transaction.atomic
def propose(*, project: Project, edits: Sequence[Edit], by: Actor, title: str = "", comment: str = "") -> ChangeRequest:
    """Keep the edits as a change request, having rehearsed them; nothing that decides anything changes yet.

    Raises:
        MissingRole: when the actor may not edit.
        StaleVersion: when somebody has changed what the edits were made on.
        NothingChanges: when everything already is as the edits want it.
        InvalidInput: naming each place that is wrong.
    """
    difference = _rehearsed(project, edits, by=by)
    now = clock.now()
    change_request = ChangeRequest.objects.create(
        project=project,
        title=(title or title_of(edits))[:200],
        edits=edits_as_json([_kept(edit, difference, project=project) for edit in edits]),
        heads=_heads(project),
        digest=difference.digest(),
        **_words(difference),
        comment=comment,
        author=by.user,
        author_label=by.label,
        created_at=now,
        updated_at=now,
    )
    _note_concerns(change_request, edits)
    if by.user is not None:
        change_request.contributors.add(by.user)
    return change_request


@traced
@transaction.atomic
def revise(
    change_request: ChangeRequest, *, edits: Sequence[Edit], by: Actor, version: int, title: str = ""
) -> ChangeRequest:
    """Give a change request other edits. Whoever approved the old ones has not approved these.

    A title that somebody gave it stays, unless there is another.

    Raises:
        MissingRole: when the actor may not edit.
        NotPending: when it was published or withdrawn.
        StaleVersion: when it is at another version, or somebody has changed what the edits were made on.
        NothingChanges: when everything already is as the edits want it.
        InvalidInput: naming each place that is wrong.
    """
    held = lock_change_request(change_request)
    project = held.project
    require(by, Ability.EDIT, project)
    StaleVersion.unless(version, present=held.version, what="change request")
    difference = _rehearsed(project, edits, by=by)
    was_titled = held.title if held.title != title_of(edits_from_json(held.edits))[:200] else ""
    held.edits = edits_as_json([_kept(edit, difference, project=project) for edit in edits])
    held.title = (title or was_titled or title_of(edits))[:200]
    held.heads = _heads(project)
    held.digest = difference.digest()
    for name, value in _words(difference).items():
        setattr(held, name, value)
    held.version += 1
    held.status, held.publish_at, held.failure = ChangeRequest.Status.OPEN, None, ""
    held.updated_at = clock.now()
    held.save()
    held.concerns.all().delete()
    _note_concerns(held, edits)
    if by.user is not None:
        held.contributors.add(by.user)
    return held


def _note_concerns(change_request: ChangeRequest, edits: Sequence[Edit]) -> None:
    found = concerns_of(edits, environments=list(change_request.heads))
    Concern.objects.bulk_create(
        Concern(change_request=change_request, kind=kind, key=key, environment=where) for kind, key, where in found
    )


def _rehearsed(project: Project, edits: Sequence[Edit], *, by: Actor) -> Difference:
    difference = rehearse(project=project, edits=edits, by=by)
    if difference.is_empty:
        raise NothingChanges("Nothing would change: everything already is so.")
    return difference


def _words(difference: Difference) -> dict[str, Any]:
    told = told_of(difference)
    return {"told": told_as_json(told), "summary": summary_of(told)}


def _heads(project: Project) -> dict[str, int]:
    return dict(project.environments.values_list("key", "revision"))


def _kept(edit: Edit, difference: Difference, *, project: Project) -> Edit:
    """Return the edit as it is kept: with the ids that its rules were given, and with what only the rows hold.

    Names, descriptions and tags are in no revision; a merge must know what they were.
    """
    match edit:
        case FlagEdit():
            after = {entry.item.environment.key: entry.after or {} for entry in difference.entries_of("flag", edit.key)}
            states = {
                key: {name: after.get(key, fields).get(name, value) for name, value in fields.items()}
                for key, fields in edit.states.items()
            }
            return replace(edit, states=states, was=shared_fields(flag_named(edit.key, project=project)))
        case SegmentEdit():
            return replace(edit, was=segment_about(segment_named(edit.key, project=project)))
        case _:
            return edit
