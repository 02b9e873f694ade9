"""Webhooks, e-mail notices and the log of deliveries in the admin: for those who manage the project."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db.models import Model

from accounts.models import Environment, Project
from accounts.roles import Role
from accounts.services import grant_role
from rollouts.models import Delivery, MailNotice, Webhook
from rollouts.services.notices import create_mail_notice, notify, send_due, update_webhook
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in, messages_in
from tests.rollouts.occurrences import happened, hook, running_ramp
from tests.rollouts.receiver import Receiver, status

pytestmark = pytest.mark.django_db

ADDRESS = "https://hooks.example.com/services/very-secret"


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return str(response.content.decode())


def test_a_webhook_is_made_and_its_secret_is_shown_once(ada: Person, shop: Project, production: Environment) -> None:
    desk = Desk(ada)
    saved = desk.add(
        "rollouts_webhook",
        project=shop.pk,
        name="Ops",
        address=ADDRESS,
        kinds=["step", "paused"],
        environments=[production.pk],
    )
    webhook = Webhook.objects.get()
    assert (webhook.name, webhook.kinds, webhook.is_active) == ("Ops", ["step", "paused"], True)
    assert list(webhook.environments.all()) == [production]
    assert saved.status_code == 302
    page = desk.client.get(saved.headers["Location"])
    assert any("whsec_" in message for message in messages_in(page))
    assert "whsec_" not in text_of(desk.open(webhook))
    assert "very-secret" not in text_of(desk.get("rollouts_webhook_changelist"))


def test_only_what_was_touched_is_changed(ada: Person, shop: Project) -> None:
    webhook, _ = hook(shop, ADDRESS, kinds=["step"])
    desk = Desk(ada)
    shown = desk.shown(webhook)
    update_webhook(webhook, fields={"kinds": ["paused"]}, by=SYSTEM)  # by somebody else, meanwhile
    desk.post("rollouts_webhook_change", webhook.pk, **{**shown, "kinds": ["paused"], "name": "Deployments"})
    webhook.refresh_from_db()
    assert (webhook.name, webhook.kinds, webhook.address) == ("Deployments", ["paused"], ADDRESS)


def test_what_is_refused_stands_at_its_field(ada: Person, shop: Project) -> None:
    webhook, _ = hook(shop, ADDRESS)
    assert errors_in(Desk(ada).save(webhook, address="http://10.0.0.1/")).keys() == {"address"}
    assert errors_in(Desk(ada).add("rollouts_mailnotice", project=shop.pk, name="x")).keys() == {"addresses"}
    wrong = Desk(ada).add("rollouts_mailnotice", project=shop.pk, name="x", addresses="ops@shop.example\nnonsense")
    assert errors_in(wrong).keys() == {"addresses"}


def test_environments_of_another_project_are_not_taken(ada: Person, otto: Person, shop: Project) -> None:
    other = Project.objects.get(key="elsewhere")
    foreign = other.environments.get()
    asked = {"project": shop.pk, "name": "Ops", "address": ADDRESS, "environments": [foreign.pk]}
    assert errors_in(Desk(ada).add("rollouts_webhook", **asked)).keys() == {"environments"}
    grant_role(user=ada.user, role=Role.ADMIN, project=other, by=SYSTEM)
    assert errors_in(Desk(ada).add("rollouts_webhook", **asked)) == {
        "environments": ["Choose environments of Shop only."]
    }
    assert Webhook.objects.count() == 0


def test_an_e_mail_notice_names_people_of_the_project(
    ada: Person, shop: Project, make_person: Callable[..., Person]
) -> None:
    wim = make_person("wim", role=Role.VIEWER, project=shop, email="wim@shop.example")
    stranger = make_person("stranger", email="stranger@else.example")
    desk = Desk(ada)
    form = text_of(desk.get("rollouts_mailnotice_add"))
    assert "wim (wim@shop.example)" in form
    assert "stranger@else.example" not in form
    desk.add("rollouts_mailnotice", project=shop.pk, name="On call", people=[wim.user.pk], addresses="a@b.example")
    notice = MailNotice.objects.get()
    assert (list(notice.people.all()), notice.addresses) == ([wim.user], ["a@b.example"])
    forged = desk.save(notice, people=[stranger.user.pk])
    assert errors_in(forged).keys() == {"people"}
    assert "EMAIL_HOST" in text_of(desk.open(notice))


def test_the_log_shows_every_attempt_and_tries_again(
    ada: Person, shop: Project, production: Environment, receiver: Receiver
) -> None:
    receiver.replies = [status(500, b"<b>oh no</b>"), status(200, b"thanks")]
    hook(shop, receiver.address)
    notify(happened(running_ramp(shop, production)))
    send_due()
    delivery = Delivery.objects.get()
    desk = Desk(ada)
    page = text_of(desk.open(delivery))
    assert "&lt;b&gt;oh no&lt;/b&gt;" in page
    assert "Waiting" in page
    again = desk.post("rollouts_delivery_again", delivery.pk)
    assert again.status_code == 302
    send_due()
    page = text_of(desk.open(delivery))
    assert "thanks" in page
    assert "Delivered" in page
    assert [request.id for request in receiver.received] == [str(delivery.pk)] * 2
    assert desk.post("rollouts_delivery_change", delivery.pk, subject="forged").status_code == 403


def test_the_log_is_narrowed_down_to_one_receiver(ada: Person, otto: Person, shop: Project) -> None:
    one, _ = hook(shop, ADDRESS, name="one")
    hook(shop, ADDRESS, name="other")
    letter = create_mail_notice(project=shop, fields={"name": "third", "addresses": ["a@b.example"]}, by=SYSTEM)
    notify(happened(running_ramp(shop, shop.environments.get(key="production"))))
    desk = Desk(ada)
    assert len(desk.rows("rollouts_delivery")) == 3
    assert [row.webhook for row in desk.rows("rollouts_delivery", receiver=f"webhook-{one.pk}")] == [one]
    assert [row.mail_notice for row in desk.rows("rollouts_delivery", receiver=f"mailnotice-{letter.pk}")] == [letter]
    for nonsense in ("webhook-x", "\0", "webhook-999999"):
        assert desk.rows("rollouts_delivery", receiver=nonsense) == []
    assert Desk(otto).rows("rollouts_delivery", receiver=f"webhook-{one.pk}") == []


def test_a_test_leads_to_its_delivery(ada: Person, shop: Project) -> None:
    webhook, _ = hook(shop, ADDRESS)
    desk = Desk(ada)
    answer = desk.post("rollouts_webhook_test", webhook.pk)
    delivery = Delivery.objects.get()
    assert str(delivery.pk) in answer.headers["Location"]
    assert "Not tried yet." in text_of(desk.client.get(answer.headers["Location"]))
    update_webhook(webhook, fields={"is_active": False}, by=SYSTEM)
    answer = desk.post("rollouts_webhook_test", webhook.pk)
    assert any("turned off" in message for message in messages_in(desk.client.get(answer.headers["Location"])))


def test_a_new_secret_is_shown_once(ada: Person, shop: Project) -> None:
    webhook, first = hook(shop, ADDRESS)
    desk = Desk(ada)
    answer = desk.post("rollouts_webhook_rotate", webhook.pk, overlap_hours=5)
    page = desk.client.get(answer.headers["Location"])
    assert any("whsec_" in message and first not in message for message in messages_in(page))
    webhook.refresh_from_db()
    assert webhook.old_secret_until is not None
    assert desk.post("rollouts_webhook_rotate", webhook.pk, overlap_hours=500).status_code == 200


def test_a_webhook_that_gave_up_says_why(ada: Person, shop: Project, receiver: Receiver) -> None:
    receiver.replies = [status(410)]
    webhook, _ = hook(shop, receiver.address)
    desk = Desk(ada)
    desk.post("rollouts_webhook_test", webhook.pk)
    send_due()
    assert "It answered 410 Gone." in text_of(desk.open(webhook))


@pytest.mark.parametrize("kind", ["webhook", "e-mail notice", "delivery"])
def test_only_those_who_manage_the_project_see_it(  # noqa: PLR0917 - the cast
    kind: str, ada: Person, ed: Person, vi: Person, otto: Person, shop: Project
) -> None:
    webhook, _ = hook(shop, ADDRESS)
    letter = create_mail_notice(project=shop, fields={"name": "third", "addresses": ["a@b.example"]}, by=SYSTEM)
    Desk(ada).post("rollouts_webhook_test", webhook.pk)
    rows: dict[str, Model] = {"webhook": webhook, "e-mail notice": letter, "delivery": Delivery.objects.get()}
    row = rows[kind]
    assert Desk(ada).open(row).status_code == 200
    for person in (ed, vi):
        assert Desk(person).open(row).status_code in {302, 403}
        assert "Webhooks" not in text_of(Desk(person).get("flags_flag_changelist"))
    assert Desk(otto).open(row).status_code == 302
    assert Desk(otto).delete(row).status_code in {403, 404}


def test_deleting_a_webhook_takes_its_log_with_it(ada: Person, shop: Project) -> None:
    webhook, _ = hook(shop, ADDRESS)
    desk = Desk(ada)
    desk.post("rollouts_webhook_test", webhook.pk)
    desk.delete(webhook)
    assert (Webhook.objects.count(), Delivery.objects.count()) == (0, 0)


def test_a_webhook_that_has_failed_for_days_is_marked(
    ada: Person, shop: Project, receiver: Receiver, later: Callable[[timedelta], None]
) -> None:
    receiver.replies = [status(500)]
    webhook, _ = hook(shop, receiver.address)
    desk = Desk(ada)
    desk.post("rollouts_webhook_test", webhook.pk)
    send_due()
    assert "Last attempt failed" in text_of(desk.get("rollouts_webhook_changelist"))
    later(timedelta(days=2))
    assert "Failing since" in text_of(desk.get("rollouts_webhook_changelist"))


def test_that_it_was_turned_off_by_itself_stands_in_the_audit_log(
    ada: Person, shop: Project, receiver: Receiver
) -> None:
    receiver.replies = [status(410)]
    webhook, _ = hook(shop, receiver.address)
    Desk(ada).post("rollouts_webhook_test", webhook.pk)
    send_due()
    entry = LogEntry.objects.get_for_object(webhook).first()
    assert entry.changes == {"active": [True, False]}
    assert entry.additional_data["actor"] == "notices"
