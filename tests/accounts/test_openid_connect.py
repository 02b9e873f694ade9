"""Signing in by an OpenID provider, which runs beside the tests as a process of its own."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from accounts.admin.openid_connect import account_number
from accounts.models import User
from tests.accounts.authenticator_app import code, set_up, signed_in_desk
from tests.accounts.openid_browser import DOOR, Provider, is_in
from tests.conftest import Person

pytestmark = pytest.mark.django_db


def events() -> list[tuple[str, str]]:
    entries = LogEntry.objects.filter(action=LogEntry.Action.ACCESS).order_by("pk")
    return [(entry.object_repr, entry.additional_data["event"]) for entry in entries]


# --- who is let in -------------------------------------------------------------------------------------------------


def test_the_sign_in_page_offers_the_provider_when_there_is_one(provider: Provider) -> None:
    assert "Sign in with Example ID" in Client().get("/admin/login/?next=/admin/flags/flag/").content.decode()


def test_without_a_provider_none_is_offered_and_its_addresses_lead_nowhere(db: None) -> None:
    assert "Sign in with" not in Client().get("/admin/login/").content.decode()
    assert [Client().get(path).status_code for path in (DOOR, f"{DOOR}callback/?code=x&state=y")] == [404, 404]


def test_somebody_is_known_by_their_verified_address_and_comes_to_the_page_they_wanted(
    vi_at_example: Person, provider: Provider
) -> None:
    answer = provider.sign_in(wanted="/admin/flags/flag/", REMOTE_ADDR="198.51.100.7")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/flags/flag/")
    assert int(answer.client.session["_auth_user_id"]) == vi_at_example.user.pk
    entry = LogEntry.objects.filter(additional_data__event="signed-in").latest("pk")
    assert (entry.object_repr, entry.remote_addr) == ("vi", "198.51.100.7")
    assert entry.additional_data["proofs"] == ["OpenID Connect"]
    linked = LogEntry.objects.get(changes__has_key="openid_connect")
    assert (linked.object_repr, linked.changes) == ("vi", {"openid_connect": [None, "linked"]})


def test_whoever_came_before_is_known_even_by_another_address(vi_at_example: Person, provider: Provider) -> None:
    provider.sign_in()
    provider.expects("sub-vi", "vi.violet@example.com", verified=False)
    assert is_in(provider.sign_in().client)
    assert SocialAccount.objects.get().user == vi_at_example.user


def test_another_provider_s_person_of_the_same_number_is_somebody_else(vi_at_example: Person, issuer: str) -> None:
    numbers = {account_number(address, "sub-vi") for address in (issuer, "https://elsewhere.example")}
    assert len(numbers) == 2
    assert max(len(number) for number in numbers) <= 191


def test_a_password_still_lets_one_in_afterwards(vi_at_example: Person, provider: Provider) -> None:
    provider.sign_in()
    assert is_in(signed_in_desk("vi").client)


def test_what_the_provider_said_of_somebody_is_not_kept(vi_at_example: Person, provider: Provider) -> None:
    for _ in range(2):
        provider.sign_in()
        assert SocialAccount.objects.get().extra_data == {}


def test_a_second_factor_is_asked_for_on_this_road_too(vi_at_example: Person, provider: Provider) -> None:
    secret, _ = set_up(signed_in_desk("vi"))
    client = provider.sign_in().client
    assert not is_in(client)
    client.post("/admin/sign-in/second-factor/", {"code": code(secret)})
    assert is_in(client)
    entry = LogEntry.objects.filter(additional_data__event="signed-in").latest("pk")
    assert entry.additional_data["proofs"] == ["OpenID Connect", "authenticator app"]


# --- who is not ----------------------------------------------------------------------------------------------------


def test_an_address_that_is_not_verified_proves_nothing(vi_at_example: Person, provider: Provider) -> None:
    provider.expects("sub-vi", "vi@example.com", verified=False)
    answer = provider.sign_in(REMOTE_ADDR="198.51.100.7")
    assert (answer.status_code, is_in(answer.client)) == (403, False)
    assert "is verified" in answer.content.decode()
    assert events() == [("vi@example.com", "sign-in-failed")]
    assert LogEntry.objects.latest("pk").remote_addr == "198.51.100.7"


@pytest.mark.parametrize("email", ["zoe@example.com", ""])
def test_a_stranger_is_not_created(email: str, vi_at_example: Person, provider: Provider) -> None:
    provider.expects("sub-zoe", email)
    before = User.objects.count()
    answer = provider.sign_in()
    assert (answer.status_code, is_in(answer.client)) == (403, False)
    assert (User.objects.count(), SocialAccount.objects.count()) == (before, 0)


def test_an_address_of_two_people_says_not_who_it_is(vi_at_example: Person, ed: Person, provider: Provider) -> None:
    ed.user.email = "vi@example.com"
    ed.user.save()
    assert "Several people" in provider.sign_in().content.decode()


@pytest.mark.parametrize("came_before", [True, False])
def test_somebody_made_inactive_stays_outside(came_before: bool, vi_at_example: Person, provider: Provider) -> None:
    if came_before:
        provider.sign_in()
    vi_at_example.user.is_active = False
    vi_at_example.user.save()
    answer = provider.sign_in()
    assert (answer.status_code, is_in(answer.client)) == (403, False)


@pytest.mark.parametrize("signer", ["a stranger", "nobody", "the client's secret"])
def test_a_token_that_the_provider_s_key_has_not_signed_lets_nobody_in(
    signer: str, vi_at_example: Person, provider: Provider
) -> None:
    provider.expects("sub-vi", "vi@example.com", signed_by=signer)
    answer = provider.sign_in()
    assert (answer.status_code, is_in(answer.client)) == (403, False)
    assert events() == [("", "sign-in-failed")]


@pytest.mark.parametrize("wrong", [{"aud": "another"}, {"iss": "https://elsewhere.example"}, {"exp": 1}])
def test_a_token_for_somebody_else_from_somebody_else_or_of_yesterday_lets_nobody_in(
    wrong: dict[str, Any], vi_at_example: Person, provider: Provider
) -> None:
    provider.expects("sub-vi", "vi@example.com", id_token=wrong)
    assert not is_in(provider.sign_in().client)


def test_userinfo_about_another_person_lets_nobody_in(vi_at_example: Person, provider: Provider) -> None:
    provider.expects("sub-mallory", "mallory@example.com", userinfo={"sub": "sub-vi", "email": "vi@example.com"})
    assert not is_in(provider.sign_in().client)


def test_the_answer_to_another_browser_s_question_lets_nobody_in(vi_at_example: Person, provider: Provider) -> None:
    stolen = provider.way_back(Client())
    answer = Client().get(stolen)
    assert (answer.status_code, is_in(answer.client)) == (403, False)


def test_a_code_lets_one_in_once(vi_at_example: Person, provider: Provider) -> None:
    client = Client()
    back = provider.way_back(client)
    client.get(back)
    client.post("/admin/logout/")
    assert client.get(back).status_code == 403


def test_whoever_thinks_better_of_it_comes_back_to_the_sign_in(vi_at_example: Person, provider: Provider) -> None:
    provider.expects("sub-vi", "vi@example.com", error="access_denied")
    answer = provider.sign_in()
    assert answer.headers["Location"] == "/admin/login/"
    assert events() == []


def test_a_link_on_another_site_leads_nobody_to_the_provider(provider: Provider) -> None:
    answer = Client().get(DOOR, HTTP_SEC_FETCH_SITE="cross-site")
    assert answer.headers["Location"] == "/admin/login/"


def test_the_wanted_page_is_one_of_ours(vi_at_example: Person, provider: Provider) -> None:
    assert provider.sign_in(wanted="https://elsewhere.example/").headers["Location"] == "/admin/"


def test_nobody_changes_the_question_by_an_address(vi_at_example: Person, provider: Provider) -> None:
    there = Client().get(DOOR, {"process": "connect", "scope": "offline_access", "auth_params": "prompt=none"})
    asked = parse_qs(urlsplit(there.headers["Location"]).query)
    assert (set(asked["scope"][0].split()), "prompt" in asked) == ({"openid", "profile", "email"}, False)


def test_failures_of_this_road_are_counted_and_lock_out(vi_at_example: Person, provider: Provider) -> None:
    for _ in range(configured.AXES_FAILURE_LIMIT - 1):
        assert Client().get(f"{DOOR}callback/", {"code": "x", "state": "y"}).status_code == 403
    for _ in range(3):
        assert Client().get(f"{DOOR}callback/", {"code": "x", "state": "y"}).status_code == 429
    assert AccessAttempt.objects.get().failures_since_start == configured.AXES_FAILURE_LIMIT
    assert events() == [*[("", "sign-in-failed")] * configured.AXES_FAILURE_LIMIT, ("", "locked-out")]
    assert is_in(provider.sign_in().client), "whoever the provider vouches for has not failed"


def test_when_the_provider_is_away_the_page_says_so(
    vi_at_example: Person, provider: Provider, settings: Settings
) -> None:
    (app,) = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    app["settings"] = {"server_url": "http://127.0.0.1:9"}
    answer = Client().get(DOOR)
    assert (answer.status_code, "Example ID does not answer" in answer.content.decode()) == (502, True)
