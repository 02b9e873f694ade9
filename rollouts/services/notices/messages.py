"""What is sent of a delivery now: signed with the secrets that are in force, to where its receiver is today."""

from django.conf import settings

from accounts import mail
from flagsite.lib import clock
from flagsite.lib.vault import Sealed, unseal
from rollouts.models import Delivery, Webhook
from rollouts.notices.sending import Letter, Message, Post, Unsendable
from rollouts.notices.signing import headers_of

AGENT = "Flagsite-Webhooks/1"


def message_of(delivery: Delivery) -> Message:
    """Return the request or the e-mail; why there is none, when it cannot be made."""
    if delivery.webhook is not None:
        return _post_of(delivery, delivery.webhook)
    if not mail.can_send():
        return Unsendable("This installation knows no mail server (EMAIL_HOST).")
    sender = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    headers = {"Message-ID": f"<{delivery.pk}@{sender}>", "Auto-Submitted": "auto-generated"}
    return Letter(delivery.recipient, delivery.subject, delivery.body, headers)


def _post_of(delivery: Delivery, webhook: Webhook) -> Message:
    body = delivery.body.encode()
    try:
        secrets = secrets_in_force(webhook)
    except Sealed:
        return Unsendable("The secret cannot be read: SECRET_KEY was changed. Rotate the secret, or name the old key.")
    signed = headers_of(body, id=str(delivery.pk), timestamp=int(clock.epoch()), signed_with=secrets)
    headers = {"Content-Type": "application/json", "User-Agent": AGENT, **signed}
    return Post(webhook.address, headers, body, settings.WEBHOOK_ALLOWED_NETWORKS)


def secrets_in_force(webhook: Webhook) -> list[str]:
    """Return the secrets that sign now, the newest first.

    Raises:
        Sealed: when they were sealed under a signing key that is gone.
    """
    sealed = [webhook.secret]
    if webhook.old_secret and webhook.old_secret_until is not None and clock.now() < webhook.old_secret_until:
        sealed.append(webhook.old_secret)
    return [unseal(each) for each in sealed]
