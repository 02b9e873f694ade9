"""Who fails to sign in too often has to wait; nobody else has."""

from datetime import timedelta
from typing import Any

import pytest
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.conf import settings as configured
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.sign_ins import MAX_ATTEMPTED_NAME, name_tried
from tests.conftest import Person
from tests.desk import Desk

pytestmark = pytest.mark.django_db

RIGHT, WRONG = "correct horse battery", "wrong"
MOST = configured.AXES_FAILURE_LIMIT


def attempt(name: str, password: str = WRONG, address: str = "198.51.100.7", **headers: Any) -> Any:
    data = {"username": name, "password": password}
    return Client().post("/admin/login/?next=/admin/", data, REMOTE_ADDR=address, **headers)


def fail_too_often(name: str, **kwargs: Any) -> Any:
    answers = [attempt(name, **kwargs) for _ in range(MOST)]
    assert [answer.status_code for answer in answers[:-1]] == [200] * (MOST - 1)
    return answers[-1]


def events() -> list[str]:
    entries = LogEntry.objects.filter(action=LogEntry.Action.ACCESS).order_by("pk")
    return [entry.additional_data["event"] for entry in entries]


@pytest.mark.parametrize("name", ["vi", "nobody"])
def test_after_too_many_failures_one_has_to_wait_and_is_told_how_long(vi: Person, name: str) -> None:
    answer = fail_too_often(name)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60
    page = answer.content.decode()
    assert f"sign in as “{name}” too often" in page
    assert "Try again in 15 minutes, at " in page
    assert attempt(name, RIGHT).status_code == 429


def test_nobody_else_has_to_wait(vi: Person, ed: Person) -> None:
    fail_too_often("vi")
    assert attempt("vi", RIGHT, address="198.51.100.8").status_code == 302
    assert attempt("ed", RIGHT).status_code == 302


def test_when_the_time_is_over_one_may_try_again_however_often_one_tried_meanwhile(vi: Person) -> None:
    fail_too_often("vi")
    attempt("vi", RIGHT)
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=14))
    page = attempt("vi", RIGHT)
    assert (page.status_code, "Try again in 1 minute, at " in page.content.decode()) == (429, True)
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=1))
    assert attempt("vi", RIGHT).status_code == 302


def test_who_signs_in_starts_counting_anew(vi: Person) -> None:
    for _ in range(2):
        for _ in range(MOST - 1):
            assert attempt("vi").status_code == 200
        assert attempt("vi", RIGHT).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_another_browser_is_no_way_around(vi: Person) -> None:
    for number in range(MOST):
        answer = attempt("vi", HTTP_USER_AGENT=f"browser {number}")
    assert answer.status_code == 429


def test_only_a_trusted_proxy_tells_addresses_apart(vi: Person, settings: Settings) -> None:
    for number in range(MOST):
        answer = attempt("vi", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
    assert answer.status_code == 429
    AccessAttempt.objects.all().delete()
    settings.TRUSTED_PROXIES = ["198.51.100.7/32"]
    for number in range(MOST):
        assert attempt("vi", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").status_code == 200


def test_a_lock_out_is_written_down_once_and_what_is_tried_meanwhile_is_not(sam: Person, vi: Person) -> None:
    fail_too_often("vi")
    for _ in range(3):
        attempt("vi", RIGHT)
    assert events() == [*["sign-in-failed"] * MOST, "locked-out"]
    (entry,) = Desk(sam).rows("auditlog_logentry", kind="locked-out")
    assert (entry.object_repr, entry.object_pk, entry.remote_addr) == ("vi", str(vi.user.pk), "198.51.100.7")
    assert b"Locked out" in Desk(vi).get("auditlog_logentry_changelist").content


def test_what_is_counted_holds_no_password(vi: Person) -> None:
    attempt("vi", "my other password")
    assert not any("my other password" in str(value) for value in AccessAttempt.objects.values_list())


def test_requests_with_keys_are_not_touched(vi: Person, sdk: Any) -> None:
    fail_too_often("vi", address="127.0.0.1")
    assert vi.client().get("/flags").status_code == 200
    assert sdk.get("/sdk/config").status_code == 200


def test_somebody_who_is_signed_in_stays_so(vi: Person) -> None:
    desk = Desk(vi)
    fail_too_often("vi", address="127.0.0.1")
    assert desk.get("flags_flag_changelist").status_code == 200


def test_whoever_runs_the_installation_lets_people_in_earlier(vi: Person, capsys: pytest.CaptureFixture[str]) -> None:
    fail_too_often("vi")
    call_command("axes_reset_username", "vi")
    assert attempt("vi", RIGHT).status_code == 302


def test_a_name_is_counted_as_it_is_written_down(rf: Any) -> None:
    request = rf.post("/admin/login/", {"username": "x" * 1000})
    assert name_tried(request, None) == "x" * MAX_ATTEMPTED_NAME
    assert name_tried(request, {"username": "vi"}) == "vi"


@pytest.fixture
def crowded(settings: Settings) -> int:
    """How many failures, under whatever names, close an address."""
    settings.SIGN_IN_ADDRESS_LIMIT = 8
    return 8


def fail_under_many_names(count: int, **kwargs: Any) -> list[int]:
    return [attempt(f"name-{number}", **kwargs).status_code for number in range(count)]


def test_an_address_that_tries_many_names_is_closed_to_strangers(vi: Person, crowded: int) -> None:
    assert fail_under_many_names(crowded) == [200] * crowded
    answer = attempt("vi", RIGHT)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60
    assert "Too many sign-ins" in answer.content.decode()
    assert attempt("vi", RIGHT, address="198.51.100.8").status_code == 302


def test_whoever_signed_in_from_a_closed_address_before_still_may(vi: Person, ed: Person, crowded: int) -> None:
    attempt("vi", RIGHT)
    fail_under_many_names(crowded)
    assert attempt("vi", RIGHT).status_code == 302
    assert attempt("ed", RIGHT).status_code == 429, "whoever never did has to wait"


def test_a_name_at_home_in_a_closed_address_is_still_locked_out_by_itself(vi: Person, crowded: int) -> None:
    attempt("vi", RIGHT)
    fail_under_many_names(crowded)
    assert fail_too_often("vi").status_code == 429
    assert attempt("vi", RIGHT).status_code == 429


def test_an_address_opens_again_when_enough_failures_are_old(vi: Person, crowded: int) -> None:
    fail_under_many_names(crowded)
    oldest = AccessAttempt.objects.order_by("attempt_time")[0]
    AccessAttempt.objects.filter(pk=oldest.pk).update(attempt_time=oldest.attempt_time - timedelta(minutes=16))
    assert attempt("vi", RIGHT).status_code == 302


def test_the_limit_for_an_address_can_be_lifted(vi: Person, crowded: int, settings: Settings) -> None:
    settings.SIGN_IN_ADDRESS_LIMIT = 0
    fail_under_many_names(crowded)
    assert attempt("vi", RIGHT).status_code == 302


def test_what_is_tried_at_a_closed_address_leaves_no_entry(crowded: int) -> None:
    fail_under_many_names(crowded + 3)
    assert events() == ["sign-in-failed"] * crowded


def test_people_behind_a_trusted_proxy_are_told_apart(vi: Person, crowded: int, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["198.51.100.7/32"]
    fail_under_many_names(crowded, HTTP_X_FORWARDED_FOR="203.0.113.1")
    assert attempt("vi", RIGHT, HTTP_X_FORWARDED_FOR="203.0.113.1").status_code == 429
    assert attempt("vi", RIGHT, HTTP_X_FORWARDED_FOR="203.0.113.2").status_code == 302
