"""Creating, changing and deleting segments: each holds its transaction, permission, change, audit and publishing."""

from collections.abc import Mapping
from typing import Any, TypedDict

from django.db import transaction
from django.db.models import ProtectedError
from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.references import nested_segments
from flagsite_sdk.engine.wire import read_segment

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import KeyTaken
from accounts.models import Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flagsite.lib.canonical import same
from flagsite.lib.cycles import cycle_through
from flagsite.lib.keys import MESSAGE, is_key
from flagsite.lib.problems import InputError, InvalidInput, StaleVersion
from flagsite.lib.tracing import traced
from segments.errors import SegmentInUse
from segments.id_lists import audited
from segments.models import Segment, SegmentUse
from segments.publishing import publish_segments
from segments.querysets import missing_segments, segment_named, uses_between_segments

MAX_IDS = 200_000
"""Ids that one segment may list, in and out together."""


class SegmentFields(TypedDict, total=False):
    """What a caller may set; absent means: as it was."""

    name: str
    description: str
    condition: Any
    included: list[str]
    excluded: list[str]


@traced
@transaction.atomic
def create_segment(*, project: Project, key: str, fields: SegmentFields, by: Actor, comment: str = "") -> Segment:
    """Create a segment and publish it to every environment of the project.

    Raises:
        MissingRole: when the actor may not edit.
        KeyTaken: when the project has a segment of that key.
        InvalidInput: naming each place that is wrong.
    """
    require(by, Ability.EDIT, project)
    if not is_key(key):
        raise InvalidInput.at("key", MESSAGE)
    environments = lock_environments(project)
    if Segment.objects.filter(project=project, key=key).exists():
        raise KeyTaken(f"The project `{project.key}` already has a segment `{key}`.")
    segment = Segment(project=project, key=key)
    used = _apply(segment, fields)
    segment.save()
    _write_uses(segment, used)
    _record(Action.CREATE, segment, by=by, new=_fields(segment), comment=comment)
    publish_segments(environments=environments, segments={key: segment.document()}, by=by, comment=comment)
    return segment


@traced
@transaction.atomic
def update_segment(
    *,
    project: Project,
    key: str,
    fields: SegmentFields,
    by: Actor,
    if_version: int | None = None,
    comment: str = "",
) -> Segment:
    """Change a segment; environments get a revision when what SDKs hold of it has changed.

    Raises:
        MissingRole: when the actor may not edit.
        SegmentNotFound: when there is none of that key.
        StaleVersion: when `if_version` is given and not the present one.
        InvalidInput: naming each place that is wrong.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project)
    segment = segment_named(key, project=project, for_update=True)
    StaleVersion.unless(if_version, present=segment.version, what="segment")
    old, old_document = _fields(segment), segment.document()
    used = _apply(segment, fields)
    if same(_fields(segment), old):
        return segment
    segment.version += 1
    segment.save()
    _write_uses(segment, used)
    _record(Action.UPDATE, segment, by=by, old=old, new=_fields(segment), comment=comment)
    if not same(segment.document(), old_document):
        publish_segments(environments=environments, segments={key: segment.document()}, by=by, comment=comment)
    return segment


@traced
@transaction.atomic
def delete_segment(
    *,
    project: Project,
    key: str,
    by: Actor,
    if_version: int | None = None,
    comment: str = "",
) -> None:
    """Delete a segment that nothing names.

    Raises:
        MissingRole: when the actor may not edit.
        SegmentNotFound: when there is none of that key.
        SegmentInUse: when a flag or another segment names it; the message says which.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project)
    segment = segment_named(key, project=project, for_update=True)
    StaleVersion.unless(if_version, present=segment.version, what="segment")
    _record(Action.DELETE, segment, by=by, old=_fields(segment), comment=comment)
    try:
        segment.delete()
    except ProtectedError as error:
        users = sorted({str(row) for row in error.protected_objects})
        raise SegmentInUse(f"The segment `{key}` is in use: {'; '.join(users[:5])}.") from None
    publish_segments(environments=environments, segments={key: None}, by=by, comment=comment)


def _apply(segment: Segment, fields: SegmentFields) -> set[str]:
    """Set the fields, check the whole segment, and return the keys of the segments that it names."""
    for name, value in fields.items():
        setattr(segment, name, value)
    if sum(len(ids) for ids in (segment.included, segment.excluded) if isinstance(ids, list)) > MAX_IDS:
        raise InvalidInput.at("included", f"A segment lists at most {MAX_IDS} ids; use a condition instead.")
    try:
        definition = read_segment(segment.key, _complete_document(segment))
    except Malformed as error:
        raise InvalidInput.of([InputError(problem.path, problem.message) for problem in error.problems]) from None
    used = set(nested_segments(definition))
    absent = missing_segments(used, project=segment.project)
    if absent and absent != [segment.key]:
        raise InvalidInput.at("if", f"There is no segment `{absent[0]}` in the project.")
    circle = cycle_through(segment.key, uses_between_segments(segment.project) | {segment.key: used})
    if circle:
        raise InvalidInput.at("if", f"Segments would go round in a circle: {' → '.join(circle)}.")
    return used


def _complete_document(segment: Segment) -> dict[str, Any]:
    """Return the document with what is empty but of the wrong type still in it, so that it is refused."""
    document: dict[str, Any] = {"included": segment.included, "excluded": segment.excluded}
    return document if segment.condition is None else document | {"if": segment.condition}


def _write_uses(segment: Segment, used: set[str]) -> None:
    rows = Segment.objects.filter(project=segment.project, key__in=used)
    SegmentUse.objects.filter(user=segment).delete()
    SegmentUse.objects.bulk_create([SegmentUse(user=segment, used=row) for row in rows])


def _record(
    action: Action,
    segment: Segment,
    *,
    by: Actor,
    comment: str,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
) -> None:
    """Write the entry of the audit log, in which no list is long."""
    before, after = audited(old or {}, new or {})
    record(action, segment, by=by, project=segment.project, old=before, new=after, comment=comment)


def _fields(segment: Segment) -> Mapping[str, Any]:
    return {
        "key": segment.key,
        "name": segment.name,
        "description": segment.description,
        **segment.document(),
    }
