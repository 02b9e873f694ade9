"""Run as a program: let everything fail while contexts with a marked secret are handled, and print what Sentry is sent.

With `unscrubbed` as its second argument it sends what Sentry's SDK would by itself: so that the test knows that there
was a secret to be found.
"""

import logging
import sys
from pathlib import Path
from unittest import mock

import django
import httpx


def main(secret: str, *, is_scrubbed: bool) -> None:
    """Fail in each place, and print every envelope."""
    import sentry_sdk
    import structlog
    from celery import shared_task
    from django.conf import settings
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.db import IntegrityError
    from sentry_sdk.envelope import Envelope
    from sentry_sdk.transport import Transport

    from flagsite.demo.loading import load

    class Keeping(Transport):
        def capture_envelope(self, envelope: Envelope) -> None:
            sys.stdout.buffer.write(envelope.serialize() + b"\n")

    sentry = sentry_sdk.get_client()
    sentry.transport = Keeping()
    if not is_scrubbed:
        for option in ("before_send", "before_breadcrumb"):
            sentry.options[option] = None

    call_command("migrate", verbosity=0)
    facts = load(Path(settings.DATA_DIR) / "demo.json", url="http://localhost")
    sdk = {"Authorization": f"Bearer {facts['server_keys']['production']}"}
    person = {"Authorization": f"Bearer {facts['tokens']['admin']}"}
    client = httpx.Client(transport=httpx.WSGITransport(get_wsgi_application()), base_url="http://localhost")
    context = {"id": f"id-{secret}", "email": secret, "deep": {"list": [secret]}}

    def fail(*arguments: object, **_: object) -> None:
        email = secret  # a local variable
        logging.getLogger("elsewhere").warning("about %s", email)
        structlog.get_logger("flags").warning("something_odd", context=context)
        raise ValueError(f"cannot handle {email} of {arguments}")

    def ask(path: str, body: object) -> None:
        answer = client.post(path, json=body, headers=sdk)
        assert answer.status_code == 500, answer.content

    snapshot = "flagsite_sdk.engine.snapshot.Snapshot"
    with mock.patch(f"{snapshot}.outcome", fail), mock.patch(f"{snapshot}.outcomes", fail):
        ask("/evaluate", {"flag_key": "new-checkout", "context": context})
        ask("/evaluate", {"context": context})
        ask("/ofrep/v1/evaluate/flags/new-checkout", {"context": {"targetingKey": secret, "email": secret}})
    with mock.patch(f"{snapshot}.explain", fail):
        query = f"?user_id={secret}&attr.email={secret}&environment=production"
        answer = client.get(f"/flags/new-checkout/audit{query}", headers=person | {"Referer": f"http://x/{query}"})
        assert answer.status_code == 500, answer.content
    with mock.patch("flags.api.sdk.receive_report", side_effect=IntegrityError(f"DETAIL: Key ({secret})")):
        event = {"name": "purchase", "context_id": secret, "time": "2026-11-22T10:04:00Z"}
        batch = "6f1c0a52-3f0e-4c8e-9d5e-2f6f0f6a9a11"
        ask("/sdk/events", {"batch": batch, "sdk": {"name": "a", "version": "1", "instance": "a"}, "events": [event]})

    structlog.get_logger("flags").error("evaluations_lost", context=context)
    logging.getLogger("elsewhere").error("cannot handle %s", secret)
    shared_task(name="failing")(fail).apply(args=(secret,), kwargs={"email": secret})
    sentry_sdk.capture_message(f"hello {secret}")
    sentry.flush()


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1], is_scrubbed=sys.argv[2:] != ["unscrubbed"])
