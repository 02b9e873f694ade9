"""What people ask for: a delivery once more, or a try-out."""

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.permissions import require
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import Conflict
from rollouts.models import Delivery, MailNotice, Webhook
from rollouts.notices.wording import TEST, Notice
from rollouts.services.notices.telling import deliveries_to, nudge


@transaction.atomic
def send_test(receiver: Webhook | MailNotice, *, by: Actor) -> list[Delivery]:
    """Send something that says that it is only a test, by the road that everything takes.

    Raises:
        MissingRole: when the actor may not manage the project.
        Conflict: when the receiver is turned off, or an e-mail notice names nobody who is still here.
    """
    require(by, Ability.MANAGE, receiver.project)
    _check_active(receiver)
    notice = Notice(
        type=TEST,
        headline="Test from Flagsite",
        text=f"{by.label} tries out “{receiver.name}”. Nothing has happened.",
        time=clock.now(),
        project=receiver.project.key,
        project_name=receiver.project.name,
        actor=by.label,
    )
    deliveries = Delivery.objects.bulk_create(deliveries_to(receiver, notice))
    if not deliveries:
        raise Conflict("It names nobody who is still here and has an address.")
    transaction.on_commit(nudge, robust=True)
    return deliveries


@transaction.atomic
def send_again(delivery: Delivery, *, by: Actor) -> Delivery:
    """Try a delivery once more from now on, under the id by which its receiver knows it, with all its attempts.

    Raises:
        MissingRole: when the actor may not manage the project.
        Conflict: when a worker is at it, or its receiver is turned off.
    """
    require(by, Ability.MANAGE, delivery.project)
    row = Delivery.objects.select_for_update(of=("self",)).select_related("webhook", "mail_notice").get(pk=delivery.pk)
    _check_active(row.receiver)
    now = clock.now()
    if row.is_under_way(now):
        raise Conflict("It is being sent at this moment; look again in a minute.")
    old = {"status": row.status}
    row.status, row.attempts, row.next_at = Delivery.Status.WAITING, 0, now
    row.lease = row.leased_until = None
    row.save(update_fields=["status", "attempts", "next_at", "lease", "leased_until"])
    record(Action.UPDATE, row, by=by, project=row.project, old=old, new={"status": row.status}, comment="Sent again")
    transaction.on_commit(nudge, robust=True)
    return row


def _check_active(receiver: Webhook | MailNotice) -> None:
    if not receiver.is_active:
        raise Conflict(f"“{receiver}” is turned off; turn it on first.")
