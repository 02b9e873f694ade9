"""A second factor: set up, asked for, failed, removed; required where an installation says so."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from auditlog.models import LogEntry
from axes.models import AccessAttempt
from django.conf import settings as configured
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.tasks import keep_second_factors
from tests.accounts.authenticator_app import PASSWORD, code, code_at, set_up, sign_in, signed_in_desk, wrong_code
from tests.conftest import Person
from tests.desk import Desk

pytestmark = pytest.mark.django_db

DOOR = "/admin/sign-in/second-factor/"


@pytest.fixture
def secret(vi: Person) -> str:
    """What Vi's app holds; the code with which it was set up has not been used at the door."""
    found, _ = set_up(signed_in_desk("vi"))
    return found


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def events() -> list[str]:
    entries = LogEntry.objects.filter(action=LogEntry.Action.ACCESS).order_by("pk")
    return [entry.additional_data["event"] for entry in entries]


def test_without_one_a_password_is_all_that_it_takes(vi: Person) -> None:
    answer = sign_in("vi")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    assert is_in(answer.client)


def test_with_one_a_password_alone_lets_nobody_in(secret: str) -> None:
    answer = sign_in("vi")
    assert answer.headers["Location"] == DOOR
    assert not is_in(answer.client)
    page = answer.client.get(DOOR)
    assert page.status_code == 200
    assert "recovery code" in page.content.decode()


def test_the_code_of_the_app_lets_one_in_to_where_one_wanted_to_go(secret: str) -> None:
    client = Client()
    client.post("/admin/login/?next=/admin/flags/flag/", {"username": "vi", "password": PASSWORD})
    answer = client.post(DOOR, {"code": code(secret)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/flags/flag/")
    assert is_in(client)
    entry = LogEntry.objects.filter(additional_data__event="signed-in").latest("pk")
    assert entry.additional_data["proofs"] == ["password", "authenticator app"]
    assert b"by password and authenticator app" in client.get("/admin/auditlog/logentry/").content


def test_a_code_works_once(secret: str) -> None:
    shown = code(secret)
    first, second = sign_in("vi").client, sign_in("vi").client
    first.post(DOOR, {"code": shown})
    second.post(DOOR, {"code": shown})
    assert (is_in(first), is_in(second)) == (True, False)


@pytest.mark.parametrize("periods", [-1, 1])
def test_a_phone_s_clock_may_be_half_a_minute_off(periods: int, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time() // 30 * 30 + 15  # in the middle of a period
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda: now)
    shown = code_at(secret, now + periods * 30)
    client = sign_in("vi").client
    client.post(DOOR, {"code": shown})
    assert is_in(client)
    monkeypatch.setattr(TOTP, "_mark_code_used", lambda *_: True)  # allauth forgets while the code is right still
    again = sign_in("vi").client
    again.post(DOOR, {"code": shown})
    assert not is_in(again), "nor does it work twice then"


def test_a_wrong_code_is_a_failed_sign_in_and_counts_like_one(vi: Person, secret: str) -> None:
    before = len(events())
    client = sign_in("vi").client
    answer = client.post(DOOR, {"code": wrong_code(secret)}, REMOTE_ADDR="198.51.100.7")
    assert (answer.status_code, is_in(client)) == (200, False)
    assert "Incorrect code" in answer.content.decode()
    assert events()[before:] == ["sign-in-failed"]
    entry = LogEntry.objects.latest("pk")
    assert (entry.object_repr, entry.object_pk, entry.remote_addr) == ("vi", str(vi.user.pk), "198.51.100.7")
    (attempt,) = AccessAttempt.objects.all()
    assert (attempt.username, attempt.failures_since_start) == ("vi", 1)
    assert wrong_code(secret) not in str(LogEntry.objects.values_list())


def test_too_many_wrong_codes_lock_out_the_right_one_too(secret: str) -> None:
    before = len(events())
    for number in range(configured.AXES_FAILURE_LIMIT):
        client = sign_in("vi").client  # a right password in between starts no counting anew
        answer = client.post(DOOR, {"code": wrong_code(secret)})
        assert answer.status_code == (200 if number < configured.AXES_FAILURE_LIMIT - 1 else 429)
    assert client.post(DOOR, {"code": code(secret)}).status_code == 429
    assert not is_in(client)
    assert events()[before:] == [*["sign-in-failed"] * configured.AXES_FAILURE_LIMIT, "locked-out"]


def test_a_recovery_code_stands_in_for_the_app_once(vi: Person) -> None:
    _, codes = set_up(signed_in_desk("vi"))
    for used, expected in ((codes[0], True), (codes[0], False), (codes[1], True)):
        client = sign_in("vi").client
        client.post(DOOR, {"code": used})
        assert is_in(client) is expected
    entry = LogEntry.objects.filter(additional_data__event="signed-in").latest("pk")
    assert entry.additional_data["proofs"] == ["password", "recovery code"]


def test_nobody_comes_to_the_second_question_without_the_first() -> None:
    answer = Client().post(DOOR, {"code": "000000"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/sign-in/")


def test_the_second_question_is_not_open_for_ever(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("vi").client
    now = time.time()
    monkeypatch.setattr("allauth.account.internal.stagekit.time.time", lambda: now + 16 * 60)
    assert client.get(DOOR).headers["Location"] == "/admin/sign-in/"


def test_what_is_secret_is_stored_encrypted(vi: Person, secret: str) -> None:
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored


def test_with_another_secret_key_no_code_is_right_and_nothing_fails(secret: str, settings: Settings) -> None:
    settings.SECRET_KEY = "another one, as long as it has to be, so that nobody guesses it"
    client = sign_in("vi").client
    assert client.post(DOOR, {"code": code(secret)}).status_code == 200
    assert not is_in(client)


def test_a_secret_key_that_was_replaced_is_still_read(secret: str, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, as long as it has to be, so that nobody guesses it"
    client = sign_in("vi").client
    client.post(DOOR, {"code": code(secret)})
    assert is_in(client)


def test_within_the_hour_a_replaced_secret_key_is_not_needed_any_more(secret: str, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, as long as it has to be, so that nobody guesses it"
    assert keep_second_factors() > 0
    assert keep_second_factors() == 0
    settings.SECRET_KEY_FALLBACKS = []
    client = sign_in("vi").client
    client.post(DOOR, {"code": code(secret)})
    assert is_in(client)


def test_setting_up_and_removing_are_written_down(vi: Person, secret: str) -> None:
    desk = signed_in_desk("vi")
    desk.client.post(DOOR, {"code": code(secret)})
    assert desk.client.post("/admin/second-factor/codes/new/").status_code == 302
    assert desk.client.post("/admin/second-factor/remove/").status_code == 302
    written = [
        (entry.object_repr, entry.additional_data["actor"], entry.changes["second_factor"])
        for entry in LogEntry.objects.filter(changes__has_key="second_factor").order_by("pk")
    ]
    assert written == [
        ("vi", "vi", [None, "authenticator app"]),
        ("vi", "vi", ["recovery codes", "new recovery codes"]),
        ("vi", "vi", ["authenticator app", None]),
    ]
    assert not Authenticator.objects.exists()
    assert sign_in("vi").headers["Location"] == "/admin/"


def test_the_menu_of_one_s_account_leads_there(vi: Person) -> None:
    page = Desk(vi).get("index").content.decode()
    assert 'href="/admin/second-factor/"' in page
    assert 'href="/admin/password_change/"' in page
    vi.user.set_unusable_password()
    vi.user.save()
    assert 'href="/admin/password_change/"' not in Desk(vi).get("index").content.decode()


def test_a_wrong_first_code_sets_nothing_up(vi: Person) -> None:
    desk = signed_in_desk("vi")
    shown = desk.client.get("/admin/second-factor/set-up/").context["form"].secret
    answer = desk.client.post("/admin/second-factor/set-up/", {"code": wrong_code(shown)})
    assert (answer.status_code, Authenticator.objects.exists()) == (200, False)


@pytest.mark.parametrize("page", ["set-up", "codes/new"])
def test_before_something_is_changed_one_proves_again_who_one_is(page: str, vi: Person) -> None:
    client = Desk(vi).client  # signed in without a fresh proof
    answer = client.get(f"/admin/second-factor/{page}/")
    assert answer.headers["Location"].startswith("/admin/second-factor/password/")
    again = client.post(answer.headers["Location"], {"password": "wrong"})
    assert again.status_code == 200
    assert b"Incorrect password" in again.content
    assert client.post(answer.headers["Location"], {"password": PASSWORD}).status_code == 302
    assert client.get(f"/admin/second-factor/{page}/").status_code == 200


def test_a_superuser_removes_the_second_factor_that_somebody_lost(sam: Person, vi: Person, secret: str) -> None:
    desk = Desk(sam)
    assert b"Remove the second factor" in desk.open(vi.user).content
    assert desk.post("accounts_user_second_factor", vi.user.pk).status_code == 302
    assert sign_in("vi").headers["Location"] == "/admin/"
    entry = LogEntry.objects.filter(changes__has_key="second_factor").latest("pk")
    assert (entry.additional_data["actor"], entry.changes["second_factor"]) == ("sam", ["set up", None])


def test_nobody_else_removes_somebody_s_second_factor(ada: Person, ed: Person, vi: Person, secret: str) -> None:
    assert b"Remove the second factor" not in Desk(ada).open(vi.user).content
    assert Desk(ada).post("accounts_user_second_factor", vi.user.pk).status_code == 403
    assert Desk(ed).post("accounts_user_second_factor", vi.user.pk).status_code == 403
    assert Desk(vi).post("accounts_user_second_factor", vi.user.pk).headers["Location"] == "/admin/second-factor/"
    assert sign_in("vi").headers["Location"] == DOOR


def test_whoever_runs_the_installation_removes_one_by_command(
    vi: Person, secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("remove_second_factor", "vi")
    assert "no second factor any more" in capsys.readouterr().out
    assert sign_in("vi").headers["Location"] == "/admin/"
    call_command("remove_second_factor", "vi")
    assert "had none" in capsys.readouterr().out


# --- required ------------------------------------------------------------------------------------------------------


@pytest.fixture
def required(settings: Settings) -> None:
    settings.REQUIRE_SECOND_FACTOR = True


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("name", ["sam", "ada", "ed"])
def test_where_it_is_required_whoever_may_change_something_sets_one_up_first(
    name: str, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(name)
    desk = signed_in_desk(name)
    for page in ("/admin/", "/admin/flags/flag/", "/admin/flags/flag/add/", "/admin/accounts/apitoken/add/"):
        answer = desk.client.get(page)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/second-factor/")
    assert b"needs a second factor" in desk.client.get("/admin/second-factor/").content
    set_up(desk)
    assert is_in(desk.client)


@pytest.mark.usefixtures("required")
def test_where_it_is_required_nothing_is_saved_before(ada: Person) -> None:
    desk = Desk(ada)
    before = LogEntry.objects.count()
    answer = desk.post("accounts_apitoken_add", name="mine", user=ada.user.pk)
    assert answer.headers["Location"] == "/admin/second-factor/"
    assert LogEntry.objects.count() == before


@pytest.mark.usefixtures("required")
def test_where_it_is_required_viewers_need_none_and_everybody_may_leave(vi: Person, ed: Person) -> None:
    assert is_in(Desk(vi).client)
    desk = Desk(ed)
    assert desk.get("password_change").status_code == 200
    assert desk.client.post("/admin/logout/").status_code in {200, 302}
    assert not is_in(desk.client)


@pytest.mark.usefixtures("required")
def test_tokens_of_scripts_are_asked_for_no_second_factor(ed: Person) -> None:
    assert ed.client().get("/flags").status_code == 200


def test_a_session_that_began_long_ago_proves_nothing(vi: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("vi").client
    assert client.get("/admin/second-factor/set-up/").status_code == 200
    now = time.time()
    later = configured.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1
    monkeypatch.setattr("accounts.adapters.time.time", lambda: now + later)
    assert client.get("/admin/second-factor/set-up/").status_code == 302
