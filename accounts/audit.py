"""The audit log: who changed what, old value and new value, from where.

Services write the entry themselves, in the transaction of the change. auditlog's own hooks see neither `update()` nor
`bulk_create()`, and its middleware believes any `X-Forwarded-For`; neither is installed. Its table and its admin
page are what we use.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from accounts.actors import Actor, Source
from accounts.models import Project, User
from flagsite.lib.canonical import same
from flagsite.lib.prepared import Insert

_ENTRY: Final = Insert(LogEntry)


class Action(Enum):
    """What happened to the object; the values are auditlog's."""

    CREATE = LogEntry.Action.CREATE
    UPDATE = LogEntry.Action.UPDATE
    DELETE = LogEntry.Action.DELETE


class Entrance(Enum):
    """What happened at the door; kept as the `event` of an entry whose action is auditlog's ACCESS."""

    SIGNED_IN = "signed-in"
    SIGNED_OUT = "signed-out"
    FAILED = "sign-in-failed"
    LOCKED_OUT = "locked-out"

    @property
    def proven(self) -> bool:
        """Tell whether the person was who they said."""
        return self in {Entrance.SIGNED_IN, Entrance.SIGNED_OUT}


def record(
    action: Action,
    subject: Model,
    *,
    by: Actor,
    project: Project | None,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    comment: str = "",
    environment: str = "",
) -> LogEntry:
    """Write one entry with the fields in which `old` and `new` differ.

    Args:
        action: what happened.
        subject: the row that it happened to; it must still have its primary key.
        by: who did it.
        project: the project whose people may read the entry.
        old: field names and JSON values before; None when there was nothing.
        new: the same after; None when nothing is left.
        comment: why, in the actor's words.
        environment: key of the environment concerned, when it is one.
    """
    before, after = dict(old or {}), dict(new or {})
    changes = {
        name: [before.get(name), after.get(name)]
        for name in sorted(before | after)
        if not same(before.get(name), after.get(name))
    }
    about = {
        "actor": by.label,
        "source": by.source.value,
        "project": project.key if project else None,
        "environment": environment or None,
        "comment": comment or None,
        "change_request": by.clearance.change_request,
        "approved_by": by.clearance.approved_by or None,
    }
    entry = LogEntry(
        content_type=ContentType.objects.get_for_model(subject),
        object_pk=str(subject.pk),
        object_id=subject.pk if isinstance(subject.pk, int) else None,
        object_repr=str(subject),
        action=action.value,
        changes=changes,
        actor=by.user,
        remote_addr=by.address,
        additional_data={name: value for name, value in about.items() if value is not None},
    )
    return _ENTRY.put(entry)


def last_deleted(model: type[Model], *, project: Project, key: str) -> Mapping[str, Any]:
    """Return what a row of this key was when one was last deleted from the project; nothing when none was."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model),
        action=Action.DELETE.value,
        additional_data__project=project.key,
        changes__key__0=key,
    )
    entry = entries.order_by("-pk").first()
    return {name: both[0] for name, both in (entry.changes or {}).items()} if entry else {}


def record_entrance(
    entrance: Entrance, *, name: str, user: User | None, address: str | None, proofs: Sequence[str] = ()
) -> LogEntry:
    """Write that somebody came, went, or was not let in.

    Args:
        entrance: what happened.
        name: the name that was given.
        user: whose name it is; None when it is nobody's.
        address: from where.
        proofs: by what they proved who they are: `password`, `authenticator app` and the like.
    """
    about: dict[str, Any] = {"source": Source.ADMIN.value, "event": entrance.value}
    if proofs:
        about["proofs"] = list(proofs)
    return LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(User),
        object_pk=str(user.pk) if user else "",
        object_id=user.pk if user else None,
        object_repr=name,
        action=LogEntry.Action.ACCESS,
        changes={},
        actor=user if entrance.proven else None,
        remote_addr=address,
        additional_data={"actor": name, **about} if entrance.proven else about,
    )


def fields_of(row: Model, *names: str) -> Mapping[str, Any]:
    """Return some of a row's fields as JSON values, which is what `record` compares."""
    values = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
