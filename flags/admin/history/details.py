"""Changes of what people read of flags and segments and no SDK is sent, read from the audit log for the timeline.

They make no revision, so there is nothing to restore; and they are the same in every environment. What was deleted
is found by what the audit log says of its making and its end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, QuerySet

from accounts.models import Project
from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.history.hands import hands
from flags.differences import about_changes
from flags.models import ChangeRequest, Flag
from segments.models import Segment

TOLD: Final = ("name", "description", "tags", "owner", "variations")
"""Fields of an entry that are told; of variations their names."""
KINDS: Final[Mapping[str, type[Flag] | type[Segment]]] = {"flag": Flag, "segment": Segment}
ONLY_VALUES: Final = "Variations changed: the revisions of the environments say how."


@dataclass(frozen=True)
class Detail:
    """One change of names, tags and the like: whose, by whom, and in sentences."""

    entry: LogEntry
    kind: str
    key: str
    project: Project | None
    actor: str
    source: str
    comment: str
    at: datetime
    change_request: int | None
    hands: str
    sentences: list[str]


def details_seen_by(access: Access) -> QuerySet[LogEntry]:
    """Return the entries of the audit log that tell of details, of the projects that the person may see."""
    types = ContentType.objects.get_for_models(*KINDS.values()).values()
    rows: QuerySet[LogEntry] = LogEntry.objects.filter(
        content_type__in=list(types), action=LogEntry.Action.UPDATE, changes__has_any_keys=list(TOLD)
    )
    if not access.unlimited:
        keys = list(access.projects(Ability.VIEW).values_list("key", flat=True))
        rows = rows.filter(additional_data__project__in=keys)
    return rows


def about_one(rows: QuerySet[LogEntry], *, kind: str, key: str, project: str) -> QuerySet[LogEntry]:
    """Keep the entries of one flag or segment, whether it is there or not."""
    model = KINDS.get(kind)
    if model is None:
        return rows.none()
    whose = ContentType.objects.get_for_model(model)
    present = model.objects.filter(key=key, **({"project__key": project} if project else {}))
    born = Q(action=LogEntry.Action.CREATE, changes__key__1=key)
    gone = Q(action=LogEntry.Action.DELETE, changes__key__0=key)
    known = LogEntry.objects.filter(born | gone, content_type=whose)
    if project:
        known = known.filter(additional_data__project=project)
    pks = {*map(str, present.values_list("pk", flat=True)), *known.values_list("object_pk", flat=True)}
    return rows.filter(content_type=whose, object_pk__in=pks)


def details_of(entries: Iterable[LogEntry]) -> dict[int, Detail]:
    """Return what the entries tell, by their ids, in a constant number of queries."""
    rows = list(entries)
    if not rows:
        return {}
    keys = {
        (kind, str(pk)): key
        for kind, model in KINDS.items()
        for pk, key in model.objects.filter(
            pk__in=[row.object_pk for row in rows if row.content_type.model == kind]
        ).values_list("pk", "key")
    }
    projects = {each.key: each for each in Project.objects.filter(key__in={_about(row, "project") for row in rows})}
    requests = {_about(row, "change_request") for row in rows} - {""}
    authors = dict(ChangeRequest.objects.filter(pk__in=requests).values_list("pk", "author_label"))
    return {row.pk: _told(row, keys, projects, authors) for row in rows}


def _told(
    row: LogEntry, keys: Mapping[tuple[str, str], str], projects: Mapping[str, Project], authors: Mapping[int, str]
) -> Detail:
    kind, actor = row.content_type.model, _about(row, "actor")
    number = (row.additional_data or {}).get("change_request")
    request = number if number in authors else None
    part = hands(
        proposed_by=authors[request] if request else "", approved_by=_about(row, "approved_by"), published_by=actor
    )
    return Detail(
        entry=row,
        kind=kind,
        key=keys.get((kind, row.object_pk), row.object_repr),
        project=projects.get(_about(row, "project")),
        actor=actor,
        source=_about(row, "source"),
        comment=_about(row, "comment"),
        at=row.timestamp,
        change_request=request,
        hands=part,
        sentences=_sentences(row.changes or {}),
    )


def _sentences(changes: Mapping[str, Any]) -> list[str]:
    told = {name: pair for name, pair in changes.items() if name in TOLD}
    before, after = ({"name": "", "description": "", **{n: pair[side] for n, pair in told.items()}} for side in (0, 1))
    return [change.sentence for change in about_changes(before, after)] or [ONLY_VALUES]


def _about(row: LogEntry, name: str) -> str:
    return str((row.additional_data or {}).get(name) or "")
