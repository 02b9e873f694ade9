"""What happens to a ramp is put down in its log, the audit log and the row's version; and whoever wants to is told."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor, Clearance, Source
from accounts.audit import Action, fields_of, record
from flagsite.lib import clock
from flagsite.lib.moments import duration_text
from rollouts import metrics
from rollouts.models import Occurrence, Ramp
from rollouts.querysets import planned
from rollouts.schedule import WaitsFor
from rollouts.services.notices.telling import notify
from rollouts.steps import step_document

HELD_PRECISION: Final = timedelta(seconds=20)
"""That a step waits is written down so often."""
AUDITED = ("status", "percentage", "position", "due_at", "reason", "approved_by")


def actor_of(ramp: Ramp) -> Actor:
    """Return the ramp as an actor: the installation, on behalf of who started it, as it was approved."""
    by = Actor.system(f"ramp of {ramp.author_label}"[:200], source=Source.RAMP)
    return by.cleared(Clearance(approved_by=ramp.approved_by))


def audited(ramp: Ramp) -> dict[str, Any]:
    """Return what the audit log keeps of a ramp."""
    fields = dict(fields_of(ramp, *AUDITED))
    return fields | {"percentage": None if ramp.percentage is None else float(ramp.percentage)}


def audited_whole(ramp: Ramp) -> dict[str, Any]:
    """Return what the audit log keeps of a ramp that somebody has written: also its steps and guardrails."""
    written = {
        "steps": [step_document(step) for step in planned(ramp.steps.all())],
        "guardrails": [guardrail.document for guardrail in ramp.guardrails.all()],
        "watch_for": duration_text(ramp.watches_for),
    }
    return audited(ramp) | written


def keep(ramp: Ramp, *, old: dict[str, Any], by: Actor, comment: str = "", new: dict[str, Any] | None = None) -> None:
    """Write the changed ramp as a new version, and what has changed into the audit log."""
    ramp.version += 1
    ramp.save()
    environment = ramp.state.environment
    record(
        Action.UPDATE,
        ramp,
        by=by,
        project=environment.project,
        environment=environment.key,
        old=old,
        new=new or audited(ramp),
        comment=comment,
    )


def note_held(ramp: Ramp, now: datetime, waits: WaitsFor) -> None:
    """Write down that a step was seen to wait though its time has come; it is no change of the ramp."""
    fields = ("held_at", "lacked_at") if waits is WaitsFor.EVALUATIONS else ("held_at",)
    stale = Q(**{fields[-1]: None}) | Q(**{f"{fields[-1]}__lt": now - HELD_PRECISION})
    Ramp.objects.filter(stale, pk=ramp.pk, position=ramp.position).update(**dict.fromkeys(fields, now))


def note_seen(ramp: Ramp, revision: int | None) -> None:
    """Write down up to which revision nothing has overridden the ramp; it is no change either.

    Without a lock: of a ramp that was moved meanwhile, and has seen more, it writes nothing.
    """
    unmoved = Ramp.objects.filter(pk=ramp.pk, seen_revision=ramp.seen_revision).exclude(seen_revision=None)
    unmoved.update(seen_version=ramp.state.version, seen_revision=revision)


def put_down(
    ramp: Ramp,
    kind: Occurrence.Kind,
    *,
    by: Actor,
    text: str,
    at: datetime | None = None,
    percentage_before: Decimal | None = None,
    percentage: Decimal | None = None,
    revision: int | None = None,
    details: dict[str, Any] | None = None,
) -> Occurrence:
    """Write what happened into the ramp's log, and whom to tell, in the transaction in which it happened."""
    transaction.on_commit(partial(metrics.occurred, kind))
    occurrence = Occurrence.objects.create(
        ramp=ramp,
        kind=kind,
        at=at or clock.now(),
        actor_label=by.label,
        text=text,
        percentage_before=percentage_before,
        percentage=percentage,
        revision=revision,
        details=details or {},
    )
    notify(occurrence)
    return occurrence
