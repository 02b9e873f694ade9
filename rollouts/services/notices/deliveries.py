"""Claiming deliveries that are due and writing down what came of each; between the two, the attempt itself.

A claim is a lease: a short transaction marks the row, then the request is made outside any, then another short one
records the answer. Of any number of workers each row is claimed by one; what a worker had that dies, another one takes
over when the lease ends. A receiver has one request at a time, so that a slow one delays itself and nobody else.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actors import Actor, Source
from accounts.audit import Action, record
from flagsite.lib import clock
from rollouts import metrics
from rollouts.models import Attempt, Delivery, MailNotice, Webhook
from rollouts.notices.patience import MAX_ATTEMPTS, wait_after
from rollouts.notices.sending import Answer, Message
from rollouts.services.notices.messages import message_of

LEASE: Final = timedelta(minutes=2)
"""Longer than any attempt: names take up to half a minute to resolve, and the request 15 s."""
_LOOKED_AT: Final = 200
_GONE: Final = "It answered 410 Gone."


@dataclass(frozen=True)
class Claimed:
    """A delivery that this worker may try until its lease ends."""

    delivery: uuid.UUID
    lease: uuid.UUID
    message: Message


@transaction.atomic
def claim(most: int) -> list[Claimed]:
    """Lease deliveries that are due, the longest due first, one of each webhook."""
    now = clock.now()
    others = Delivery.objects.filter(webhook=OuterRef("webhook"), leased_until__gt=now)
    due = _due().filter(~Exists(others)).order_by("next_at", "created_at", "pk")
    chosen: dict[object, uuid.UUID] = {}
    for pk, webhook in due.values_list("pk", "webhook_id")[:_LOOKED_AT]:
        chosen.setdefault(webhook or pk, pk)
    free = _due().filter(pk__in=list(chosen.values())[:most]).select_related("webhook", "mail_notice")
    rows = free.select_for_update(of=("self",), skip_locked=True)
    return [claimed for row in rows if (claimed := _claimed(row)) is not None]


def _due() -> QuerySet[Delivery]:
    now = clock.now()
    return Delivery.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lte=now), status=Delivery.Status.WAITING, next_at__lte=now
    )


def _claimed(row: Delivery) -> Claimed | None:
    if not row.receiver.is_active:
        _end(row, Delivery.Status.DROPPED)
        return None
    if row.attempts >= MAX_ATTEMPTS:  # the last one's worker died
        _end(row, Delivery.Status.FAILED)
        return None
    row.attempts += 1
    row.lease, row.leased_until = uuid.uuid4(), clock.now() + LEASE
    row.save(update_fields=["attempts", "lease", "leased_until"])
    return Claimed(row.pk, row.lease, message_of(row))


def _end(row: Delivery, status: Delivery.Status) -> None:
    row.status, row.lease, row.leased_until = status, None, None
    row.save(update_fields=["status", "lease", "leased_until"])
    metrics.attempted("dropped" if status == Delivery.Status.DROPPED else "failed")


@transaction.atomic
def record_answer(claimed: Claimed, answer: Answer) -> None:
    """Write down an attempt and what follows: delivered, tried again later, given up, or the webhook turned off.

    A worker that took longer than its lease only adds to the log, unless it did deliver: that is final.
    """
    pointed = Delivery.objects.filter(pk=claimed.delivery).values_list("webhook_id", "mail_notice_id").first()
    if pointed is None:
        return  # deleted meanwhile, with its receiver
    receiver = _lock_receiver(*pointed)
    row = Delivery.objects.select_for_update(of=("self",)).filter(pk=claimed.delivery).first()
    if row is None or receiver is None:
        return
    Attempt.objects.create(
        delivery=row,
        at=clock.now(),
        milliseconds=answer.milliseconds,
        status_code=answer.status_code,
        answer=answer.text,
        error=answer.error,
    )
    if answer.is_taken:
        _end_delivered(row, receiver)
    elif row.lease == claimed.lease:
        _after_failure(row, receiver, answer)


def _lock_receiver(webhook: int | None, mail_notice: int | None) -> Webhook | MailNotice | None:
    """Lock the receiver before its delivery, as the services do that change receivers: else the two could deadlock."""
    if webhook is not None:
        return Webhook.objects.select_for_update(no_key=True).filter(pk=webhook).first()
    return MailNotice.objects.select_for_update(no_key=True).filter(pk=mail_notice or 0).first()


def _end_delivered(row: Delivery, receiver: Webhook | MailNotice) -> None:
    row.status, row.lease, row.leased_until = Delivery.Status.DELIVERED, None, None
    row.save(update_fields=["status", "lease", "leased_until"])
    if receiver.failing_since is not None:
        receiver.failing_since = None
        receiver.save(update_fields=["failing_since"])
    metrics.attempted("delivered")


def _after_failure(row: Delivery, receiver: Webhook | MailNotice, answer: Answer) -> None:
    if receiver.failing_since is None:
        receiver.failing_since = clock.now()
        receiver.save(update_fields=["failing_since"])
    if answer.is_gone and isinstance(receiver, Webhook):
        _end(row, Delivery.Status.FAILED)
        turn_off(receiver, because=_GONE, by=Actor.system("notices", source=Source.SCHEDULE))
        return
    wait = wait_after(row.attempts)
    if wait is None:
        _end(row, Delivery.Status.FAILED)
        return
    row.next_at, row.lease, row.leased_until = clock.now() + wait, None, None
    row.save(update_fields=["next_at", "lease", "leased_until"])
    metrics.attempted("retried")


def turn_off(webhook: Webhook, *, because: str, by: Actor) -> None:
    """Send nothing more there; `because` is what people read. The caller holds the row's lock."""
    if not webhook.is_active:
        return
    webhook.is_active, webhook.turned_off_because = False, because
    webhook.version += 1
    webhook.save(update_fields=["is_active", "turned_off_because", "version"])
    drop_waiting(webhook.deliveries.all())
    record(
        Action.UPDATE,
        webhook,
        by=by,
        project=webhook.project,
        old={"active": True},
        new={"active": False},
        comment=because,
    )


def drop_waiting(rows: QuerySet[Delivery]) -> None:
    """Send no more of what waits; an attempt that is under way ends as it ends."""
    rows.filter(status=Delivery.Status.WAITING).update(status=Delivery.Status.DROPPED, lease=None, leased_until=None)
