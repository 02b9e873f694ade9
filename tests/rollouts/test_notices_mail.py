"""E-mail notices: a letter to each address, tried again on its own, to people only while they see the project."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from pytest_django import Settings

from accounts.models import Project
from accounts.roles import Role
from accounts.services import withdraw_role
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput
from rollouts.models import Delivery, MailNotice, Ramp
from rollouts.services.notices import (
    MailNoticeFields,
    create_mail_notice,
    notify,
    send_due,
    send_test,
    update_mail_notice,
)
from tests.conftest import SYSTEM, Person
from tests.rollouts.occurrences import happened

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _can_send(settings: Settings) -> None:
    settings.EMAIL_HOST = "mail.shop.example"


def notice(shop: Project, **fields: Any) -> MailNotice:
    given: MailNoticeFields = {"name": "On call", **fields}  # type: ignore[typeddict-item]  # a test's own
    return create_mail_notice(project=shop, fields=given, by=SYSTEM)


def letters() -> dict[str, EmailMessage]:
    return {letter.to[0].lower(): letter for letter in mail.outbox}


def test_each_address_gets_a_letter_of_its_own(
    shop: Project, ramp: Ramp, make_person: Callable[..., Person], settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://flags.shop.example"
    wim = make_person("wim", role=Role.VIEWER, project=shop, email="wim@shop.example")
    notice(shop, addresses=["ops@shop.example", "OPS@shop.example"], people=[wim.user])
    notify(happened(ramp, "rolled_back", text="Rolled back to 0 %: too many errors."))
    assert send_due() == 2
    assert letters().keys() == {"ops@shop.example", "wim@shop.example"}
    letter = letters()["ops@shop.example"]
    assert letter.subject == "checkout in production: Rolled back, 1 % → 10 %"
    assert str(letter.body).startswith("Rolled back to 0 %: too many errors.\n")
    assert f"https://flags.shop.example/admin/rollouts/ramp/{ramp.pk}/change/" in str(letter.body)
    assert "“On call” of the project Shop" in str(letter.body)


def test_the_letter_is_known_by_the_same_id_however_often_it_is_tried(
    shop: Project, ramp: Ramp, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    moment = clock.now()

    def fails(letter: EmailMessage) -> int:
        tried.append(str(letter.extra_headers["Message-ID"]))
        raise OSError("451 try later")

    notice(shop, addresses=["ops@shop.example"])
    notify(happened(ramp))
    with monkeypatch.context() as patched:
        patched.setattr(EmailMessage, "send", fails)
        assert send_due() == 1
    assert Delivery.objects.get().log.get().error == "OSError: 451 try later"
    monkeypatch.setattr(clock, "now", lambda: moment + timedelta(minutes=1))
    send_due()
    assert [str(letter.extra_headers["Message-ID"]) for letter in mail.outbox] == tried
    assert Delivery.objects.get().status == Delivery.Status.DELIVERED


def test_an_address_that_fails_does_not_bring_the_others_another_letter(
    shop: Project, ramp: Ramp, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = EmailMessage.send
    monkeypatch.setattr(EmailMessage, "send", lambda letter: send(letter) if "good" in letter.to[0] else 1 / 0)
    notice(shop, addresses=["good@shop.example", "bad@shop.example"])
    notify(happened(ramp))
    send_due()
    moment = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: moment)
    send_due()
    assert len(mail.outbox) == 1


def test_people_who_see_the_project_no_longer_are_not_told(
    shop: Project, ramp: Ramp, make_person: Callable[..., Person]
) -> None:
    wim = make_person("wim", role=Role.VIEWER, project=shop, email="wim@shop.example")
    gone = make_person("gone", role=Role.VIEWER, project=shop, email="gone@shop.example")
    notice(shop, people=[wim.user, gone.user])
    withdraw_role(user=wim.user, project=shop, by=SYSTEM)
    gone.user.is_active = False
    gone.user.save()
    notify(happened(ramp))
    assert Delivery.objects.count() == 0


def test_without_a_mail_server_the_log_says_so(shop: Project, ramp: Ramp, settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    notice(shop, addresses=["ops@shop.example"])
    notify(happened(ramp))
    send_due()
    assert "EMAIL_HOST" in Delivery.objects.get().log.get().error
    assert Delivery.objects.get().status == Delivery.Status.WAITING


def test_a_name_with_line_breaks_makes_no_headers(shop: Project, ramp: Ramp) -> None:
    made = notice(shop, addresses=["ops@shop.example"])
    update_mail_notice(made, fields={"name": "On\r\nBcc: all@shop.example"}, by=SYSTEM)
    send_test(made, by=SYSTEM)
    notify(happened(ramp))
    send_due()
    assert all("\n" not in str(letter.subject) and letter.recipients() == letter.to for letter in mail.outbox)
    assert len(mail.outbox) == 2


def test_whom_nobody_may_tell_is_refused(shop: Project, nina: Person) -> None:
    with pytest.raises(InvalidInput, match="addresses"):
        notice(shop)
    with pytest.raises(InvalidInput, match="no e-mail address"):
        notice(shop, addresses=["ops@shop.example", "nonsense"])
    with pytest.raises(InvalidInput, match="who see the project"):
        notice(shop, people=[nina.user])
    assert MailNotice.objects.count() == 0
