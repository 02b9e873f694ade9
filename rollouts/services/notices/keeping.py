"""What is done from time to time: old deliveries go, and secrets are sealed under the present signing key."""

from datetime import timedelta

from django.db import transaction

from flagsite.lib import clock
from flagsite.lib.vault import resealed
from rollouts.models import Delivery, Webhook


def forget_deliveries(*, older_than: timedelta) -> int:
    """Delete deliveries of before then, with their log, unless they still wait; return how many rows went."""
    over = Delivery.objects.filter(created_at__lt=clock.now() - older_than).exclude(status=Delivery.Status.WAITING)
    rows, _ = over.delete()
    return rows


@transaction.atomic
def reseal_secrets() -> int:
    """Seal what an older signing key has sealed under the present one, and forget old secrets that sign no more.

    Afterwards the older key is not needed any more. Returns how many webhooks were changed.
    """
    changed = 0
    for webhook in Webhook.objects.select_for_update(no_key=True):
        before = webhook.secret, webhook.old_secret
        webhook.secret = resealed(webhook.secret) or webhook.secret
        if webhook.old_secret_until is not None and webhook.old_secret_until <= clock.now():
            webhook.old_secret, webhook.old_secret_until = "", None
        elif webhook.old_secret:
            webhook.old_secret = resealed(webhook.old_secret) or webhook.old_secret
        if (webhook.secret, webhook.old_secret) != before:
            webhook.save(update_fields=["secret", "old_secret", "old_secret_until"])
            changed += 1
    return changed
