"""Secrets of webhooks: two while one replaces the other, readable as long as their signing key is."""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook as PublishedVerifier
from standardwebhooks.webhooks import WebhookVerificationError

from accounts.models import Project
from rollouts.models import Attempt, Ramp
from rollouts.notices.signing import headers_of, new_secret
from rollouts.services.notices import notify, rotate_webhook, send_due
from rollouts.tasks import keep_notices
from tests.conftest import SYSTEM
from tests.rollouts.occurrences import happened, hook
from tests.rollouts.receiver import Receiver

pytestmark = pytest.mark.django_db


def test_both_secrets_sign_while_one_replaces_the_other(
    shop: Project, ramp: Ramp, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    webhook, old = hook(shop, receiver.address)
    _, new = rotate_webhook(webhook, by=SYSTEM, overlap_hours=1)
    notify(happened(ramp, "step"))
    send_due()
    first = receiver.received[0]
    assert first.verified_with(old) == first.verified_with(new)
    assert len(first.headers["webhook-signature"].split(" ")) == 2
    later(timedelta(hours=1))
    notify(happened(ramp, "paused"))
    send_due()
    last = receiver.received[1]
    assert len(last.headers["webhook-signature"].split(" ")) == 1


def test_a_changed_signing_key_keeps_secrets_readable(
    shop: Project, ramp: Ramp, receiver: Receiver, settings: Settings
) -> None:
    _, secret = hook(shop, receiver.address)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    notify(happened(ramp, "step"))
    send_due()
    assert receiver.received[0].verified_with(secret)
    keep_notices()
    settings.SECRET_KEY_FALLBACKS = []
    notify(happened(ramp, "paused"))
    send_due()
    assert receiver.received[1].verified_with(secret)
    settings.SECRET_KEY = "yet another"
    notify(happened(ramp, "resumed"))
    send_due()
    assert len(receiver.received) == 2
    assert "SECRET_KEY" in Attempt.objects.latest("pk").error


def test_the_published_package_signs_the_same() -> None:
    secret, at = new_secret(), datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
    ours = headers_of(b'{"a": 1}', id="msg_1", timestamp=int(at.timestamp()), signed_with=[secret])
    assert ours["webhook-signature"] == PublishedVerifier(secret).sign("msg_1", at, '{"a": 1}')
    assert ours["webhook-timestamp"] == "1795366800"


def test_a_body_that_was_changed_is_not_believed(shop: Project, ramp: Ramp, receiver: Receiver) -> None:
    _, secret = hook(shop, receiver.address)
    notify(happened(ramp))
    send_due()
    request = receiver.received[0]
    forged = request._replace(body=request.body.replace(b"Raised", b"Rolled"))
    with pytest.raises(WebhookVerificationError):
        forged.verified_with(secret)
    with pytest.raises(WebhookVerificationError):
        request.verified_with(new_secret())


def test_a_secret_is_stored_sealed_and_long(shop: Project, receiver: Receiver) -> None:
    webhook, secret = hook(shop, receiver.address)
    assert len(b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret not in webhook.secret
    assert secret[6:] not in webhook.secret
