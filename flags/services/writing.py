"""Writing checked drafts: rows, audit log, history. Called only by the other services, inside their transaction."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final

from django.db.models import F
from flagsite_sdk.engine.references import named_segments

from accounts.actors import Actor
from accounts.audit import Action, record
from flags.editing.drafts import Draft
from flags.models import Flag, FlagState, FlagTag, Prerequisite, SegmentUse
from flags.publishing.publish import Change, publish
from flags.services.fields import PER_ENVIRONMENT, FlagFields
from flags.services.owners import owner_name, set_owner
from flagsite.lib.canonical import same
from flagsite.lib.prepared import Update
from segments.models import Segment

_COLUMNS: Final = tuple(name for name in PER_ENVIRONMENT if name != "prerequisites")
"""What of a state is a column; what it requires are rows of their own."""


def write_state(draft: Draft) -> None:
    """Write the state and the rows that keep what it names from being deleted."""
    state, document = draft.state, draft.new
    state.enabled = document["enabled"]
    state.salt = document["salt"]
    state.off_variation = document["off_variation"]
    state.fallthrough = document["fallthrough"]
    state.rollout_percentage = Decimal(str(document["rollout_percentage"]))
    state.targets = document["targets"]
    state.rules = document["rules"]
    is_new = state.pk is None
    if is_new:
        state.save()
    else:
        state.version += 1
        _update_of(*filter(draft.changes, _COLUMNS)).put(state)
    if is_new or draft.changes("prerequisites"):
        _write_prerequisites(draft)
    if is_new or draft.changes("rules"):
        _write_segment_uses(draft)


@cache
def _update_of(*columns: str) -> Update[FlagState]:
    """Return the statement that writes these columns of a state, and that it is another version."""
    return Update(FlagState, [*columns, "version", "updated_at"])


def _write_prerequisites(draft: Draft) -> None:
    state = draft.state
    wanted = [entry.flag for entry in draft.definition.prerequisites]
    flags = {flag.key: flag for flag in Flag.objects.filter(project_id=state.flag.project_id, key__in=wanted)}
    state.prerequisites.all().delete()
    Prerequisite.objects.bulk_create(
        Prerequisite(state=state, flag=flags[entry.flag], variation=entry.variation, position=position)
        for position, entry in enumerate(draft.definition.prerequisites)
    )
    state.is_bound = bool(wanted)


def _write_segment_uses(draft: Draft) -> None:
    named = Segment.objects.filter(project_id=draft.state.flag.project_id, key__in=named_segments(draft.definition))
    draft.state.segment_uses.all().delete()
    SegmentUse.objects.bulk_create(SegmentUse(state=draft.state, segment=segment) for segment in named)


def write_drafts(drafts: Sequence[Draft], action: Action, *, by: Actor, comment: str) -> None:
    """Write checked drafts, put them on record and publish them."""
    for each in drafts:
        write_state(each)
        record(
            action,
            each.state,
            by=by,
            project=each.state.flag.project,
            environment=each.state.environment.key,
            old=own_audited(each.old) if action is Action.UPDATE else None,
            new=own_audited(each.new),
            comment=comment,
        )
    changes = [
        Change(
            each.state.environment,
            flags={each.state.flag.key: each.new},
            is_idle=action is Action.CREATE and not each.new["enabled"],
        )
        for each in drafts
    ]
    publish(changes, by=by, comment=comment)


def set_shared(flag: Flag, fields: FlagFields) -> None:
    """Set what all environments share, without writing it.

    Raises:
        InvalidInput: when nobody is called like the owner.
    """
    flag.name = fields.get("name", flag.name)
    flag.description = fields.get("description", flag.description)
    flag.variations = fields.get("variations", flag.variations)
    if "owner" in fields:
        set_owner(flag, fields["owner"])


def write_shared(flag: Flag, fields: FlagFields, *, old: Mapping[str, Any], by: Actor, comment: str) -> None:
    """Write what concerns all environments, when it has changed; every state is a new version then."""
    if "tags" in fields:
        write_tags(flag, fields["tags"])
    new = shared_fields(flag)
    if not same(new, old):
        flag.save()
        FlagState.objects.filter(flag=flag).update(version=F("version") + 1)
        record(Action.UPDATE, flag, by=by, project=flag.project, old=old, new=new, comment=comment)


def write_tags(flag: Flag, names: Sequence[str]) -> None:
    """Give the flag these tags and no others."""
    flag.tags.exclude(name__in=names).delete()
    present = set(flag.tags.values_list("name", flat=True))
    FlagTag.objects.bulk_create(FlagTag(flag=flag, name=name) for name in sorted(set(names) - present))


def shared_fields(flag: Flag) -> Mapping[str, Any]:
    """Return what is the same in all environments, as the audit log keeps it."""
    return {
        "key": flag.key,
        "name": flag.name,
        "description": flag.description,
        "type": flag.type,
        "variations": flag.variations,
        "tags": sorted(flag.tags.values_list("name", flat=True)),
        "owner": owner_name(flag),
    }


def own_audited(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what concerns one environment, as the audit log keeps it."""
    return {name: document[name] for name in PER_ENVIRONMENT}
