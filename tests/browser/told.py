"""Who is told what in the scenery: a webhook that answers, one that has failed for days, an e-mail notice."""

from datetime import timedelta

from accounts.actors import Actor
from accounts.models import Project
from flagsite.lib import clock
from rollouts.models import Delivery, Webhook
from rollouts.notices.sending import Answer
from rollouts.services.notices import create_mail_notice, create_webhook, send_test
from rollouts.services.notices.deliveries import claim, record_answer


def tell(shop: Project, *, by: Actor) -> None:
    """Make them, and try them out."""
    chosen = {"kinds": ["step", "paused", "rolled_back"], "environments": ["production"]}
    taken, _ = create_webhook(
        project=shop,
        fields={"name": "Deployments", "address": "https://hooks.harbour.example/flags", **chosen},  # type: ignore[typeddict-item]  # they are
        by=by,
    )
    failing, _ = create_webhook(
        project=shop, fields={"name": "Status page", "address": "https://status.harbour.example/in"}, by=by
    )
    create_mail_notice(
        project=shop, fields={"name": "On call", "addresses": ["on-call@harbour.example"], "kinds": ["paused"]}, by=by
    )
    answers = {
        send_test(taken, by=by)[0].pk: Answer(41, status_code=204, is_taken=True),
        send_test(failing, by=by)[0].pk: Answer(612, status_code=503, text='{"error": "We will be back soon."}'),
    }
    for claimed in claim(len(answers)):
        record_answer(claimed, answers[claimed.delivery])
    Webhook.objects.filter(pk=failing.pk).update(failing_since=clock.now() - timedelta(days=3))


def failed() -> Delivery:
    """Return the delivery that was not taken."""
    return Delivery.objects.get(webhook__name="Status page")
