"""When somebody published in between: what they changed, what is wanted, and bringing the two together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Environment, Project
from flags.differences import Change, about_changes, flag_changes, segment_changes
from flags.documents import state_document
from flags.editing.edits import (
    Edit,
    FlagDeletion,
    FlagEdit,
    FlagRecreation,
    SegmentDeletion,
    SegmentEdit,
    edits_from_json,
)
from flags.editing.merging import Clash, Document, Merged, merged
from flags.errors import FlagNotFound
from flags.models import ChangeRequest, Revision, RevisionItem
from flags.querysets import document_at, flag_named, state_named
from flags.services.change_requests.proposing import revise
from flags.services.change_requests.rehearsing import segment_about
from flags.services.fields import PER_ENVIRONMENT
from flags.services.writing import shared_fields
from flagsite.lib.canonical import same
from flagsite.lib.problems import InputError, InvalidInput
from flagsite.lib.tracing import traced
from segments.errors import SegmentNotFound
from segments.querysets import segment_named

SHARED = ("name", "description", "tags", "owner", "variations")


@dataclass(frozen=True)
class Collision:
    """One flag or segment, in one environment or in what is shared, that somebody changed in between."""

    place: str
    """`flag checkout in production`: unique in the change request; clashes are settled by `place: path`."""
    mine: Sequence[Change]
    theirs: Sequence[Change]
    clashes: Sequence[Clash]
    revisions: Sequence[Revision]
    """Theirs, the oldest first; none where only names and the like have changed."""
    order: Sequence[str] = ()
    """Which rule comes first where both put one at the same place, in sentences."""


@dataclass(frozen=True)
class Comparison:
    """What was changed in between, and the edits that bring both together (mine wins a clash that is not settled)."""

    collisions: Sequence[Collision]
    edits: Sequence[Edit]
    unsettled: Sequence[str]
    gone: Sequence[str] = ()
    """Flags and segments that are not there any more: nothing can be merged with them."""


def compare(change_request: ChangeRequest, *, choices: Mapping[str, str] | None = None) -> Comparison:
    """Return what was changed since the change request was made, as far as it touches the same things.

    Args:
        change_request: one that waits.
        choices: by `place: path` of a clash, `mine` or `theirs`.
    """
    asked = _Asked(change_request, choices or {})
    edits = []
    for edit in edits_from_json(change_request.edits):
        try:
            edits.append(asked.brought_up_to_date(edit))
        except (FlagNotFound, SegmentNotFound) as refusal:
            asked.gone.append(refusal.detail)
    return Comparison(asked.collisions, edits, asked.unsettled, asked.gone)


@traced
@transaction.atomic
def merge(change_request: ChangeRequest, *, choices: Mapping[str, str], by: Actor, version: int) -> ChangeRequest:
    """Give the change request the edits that bring both changes together; it is reviewed anew.

    Raises:
        InvalidInput: when a clash is not settled, or what it is about is gone.
        MissingRole, NotPending, StaleVersion, NothingChanges: as `revise` does.
    """
    found = compare(change_request, choices=choices)
    if found.gone:
        raise InvalidInput.at("", " ".join(found.gone))
    if found.unsettled:
        raise InvalidInput.of(
            [InputError(f"choices.{each}", "Both changed this; choose one.") for each in found.unsettled]
        )
    return revise(change_request, edits=found.edits, by=by, version=version)


class _Asked:
    """One change request's comparison while it is made."""

    def __init__(self, change_request: ChangeRequest, choices: Mapping[str, str]) -> None:
        self.project: Project = change_request.project
        self.heads: Mapping[str, int] = change_request.heads
        self.choices = choices
        self.collisions: list[Collision] = []
        self.unsettled: list[str] = []
        self.gone: list[str] = []

    def brought_up_to_date(self, edit: Edit) -> Edit:
        """Return the edit on the present versions, with what others changed kept."""
        match edit:
            case FlagEdit():
                return self._flag(edit)
            case SegmentEdit():
                return self._segment(edit)
            case FlagDeletion():
                flag_named(edit.key, project=self.project)
                return replace(edit, versions={key: self._state(edit.key, key)[1] for key in edit.versions})
            case FlagRecreation():
                return edit
            case SegmentDeletion():
                return replace(edit, version=segment_named(edit.key, project=self.project).version)

    def _flag(self, edit: FlagEdit) -> FlagEdit:
        now = shared_fields(flag_named(edit.key, project=self.project))
        shared, was = dict(edit.shared), {name: edit.was.get(name, now[name]) for name in SHARED}
        present = {name: now[name] for name in SHARED}
        if shared and not same(was, present):
            place = f"flag {edit.key}"
            both = self._merged(place, was, was | shared, present)
            self._collide(place, about_changes(was, was | shared), about_changes(was, present), both.clashes, [])
            shared = _changed(both.document, present)
        states, versions = {}, {}
        for key in dict.fromkeys([*edit.versions, *edit.states]):
            document, versions[key] = self._state(edit.key, key)
            fields = edit.states.get(key)
            if fields is None:
                continue
            states[key] = dict(fields)
            if versions[key] != edit.versions.get(key):
                states[key] = self._state_merged(edit.key, key, fields, document)
        return FlagEdit(edit.key, shared, {key: own for key, own in states.items() if own}, versions)

    def _state_merged(self, key: str, where: str, fields: Document, present: Document) -> dict[str, Any]:
        environment = self._environment(where)
        was = document_at(RevisionItem.Kind.FLAG, key, environment=environment, number=self.heads.get(where, 0))
        if was is None or same(was, present):
            return dict(fields)
        place = f"flag {key} in {where}"
        own = {name: was[name] for name in PER_ENVIRONMENT}
        now = {name: present[name] for name in PER_ENVIRONMENT}
        both = self._merged(place, own, own | dict(fields), now)
        revisions = self._since(RevisionItem.Kind.FLAG, key, environment)
        wanted, done = flag_changes(was, was | dict(fields)), flag_changes(was, present)
        self.collisions.append(Collision(place, wanted, done, both.clashes, revisions, list(_order_told(both))))
        return _changed(both.document, now)

    def _segment(self, edit: SegmentEdit) -> SegmentEdit:
        segment = segment_named(edit.key, project=self.project)
        if segment.version == edit.version:
            return edit
        environment = self.project.environments.get(key=next(iter(self.heads)))
        number = self.heads[environment.key]
        document = document_at(RevisionItem.Kind.SEGMENT, edit.key, environment=environment, number=number) or {}
        was = _segment_fields(document) | dict(edit.was)
        now = _segment_fields(segment.document()) | dict(segment_about(segment))
        place = f"segment {edit.key}"
        mine = was | dict(edit.fields)
        both = self._merged(place, was, mine, now)
        self._collide(
            place,
            [*segment_changes(_segment_document(was), _segment_document(mine)), *about_changes(was, mine)],
            [*segment_changes(_segment_document(was), _segment_document(now)), *about_changes(was, now)],
            both.clashes,
            self._since(RevisionItem.Kind.SEGMENT, edit.key, environment),
        )
        return SegmentEdit(edit.key, _changed(both.document, now), segment.version)

    def _merged(self, place: str, base: Document, mine: Document, theirs: Document) -> Merged:
        prefix = f"{place}: "
        own = {path.removeprefix(prefix): side for path, side in self.choices.items() if path.startswith(prefix)}
        both = merged(base, mine, theirs, own)
        self.unsettled += [f"{prefix}{clash.path}" for clash in both.unsettled]
        return both

    def _collide(
        self,
        place: str,
        mine: Sequence[Change],
        theirs: Sequence[Change],
        clashes: Sequence[Clash],
        revisions: Sequence[Revision],
    ) -> None:
        self.collisions.append(Collision(place, mine, theirs, clashes, revisions))

    def _state(self, key: str, where: str) -> tuple[Document, int]:
        state = state_named(key, environment=self._environment(where))
        return state_document(state), state.version

    def _environment(self, key: str) -> Environment:
        return self.project.environments.get(key=key)

    def _since(self, kind: RevisionItem.Kind, key: str, environment: Environment) -> list[Revision]:
        items = RevisionItem.objects.filter(
            environment=environment, kind=kind, key=key, number__gt=self.heads.get(environment.key, 0)
        )
        return [item.revision for item in items.select_related("revision").defer("revision__delta").order_by("number")]


def _order_told(both: Merged) -> Iterator[str]:
    for mine, theirs in both.behind:
        first, then = (rule.get("name") or rule["id"] for rule in (theirs, mine))
        yield (
            f"Both put a rule at the same place: “{first}”, which is in force, comes first, then “{then}”. "
            "The first rule that matches decides; move it after merging if it should be the other way round."
        )


def _changed(document: Document, present: Document) -> dict[str, Any]:
    """Return those fields of a document that are not as they are now."""
    return {name: value for name, value in document.items() if not same(value, present.get(name))}


def _segment_fields(document: Document) -> dict[str, Any]:
    return {
        "condition": document.get("if"),
        "included": document.get("included", []),
        "excluded": document.get("excluded", []),
    }


def _segment_document(fields: Document) -> dict[str, Any]:
    named = {"if": fields["condition"], "included": fields["included"], "excluded": fields["excluded"]}
    return {name: value for name, value in named.items() if value}
