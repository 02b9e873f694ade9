"""GET /flags/{key}/evaluations and the admin's page of a flag: who got what, and why."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.answers import Decided
from flags.contexts import stored_id
from flags.models import RecordedEvaluation
from flags.services.records import Record, keep_records
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import make
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def keep(environment: Environment, user: str = "ann", *, minutes_ago: float = 1, **fields: Any) -> None:
    attributes = fields.pop("attributes", {})
    decided = Decided("checkout", "on", "FALLTHROUGH", "", "", 3)._replace(**fields)
    record = Record(user, NOON - timedelta(minutes=minutes_ago), attributes, (decided,))
    keep_records(environment, [record], source=RecordedEvaluation.Source.SERVER)


def page(person: Person, key: str = "checkout", **query: Any) -> dict[str, Any]:
    response = person.client().get(f"/flags/{key}/evaluations", {"environment": "production", **query})
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def users(person: Person, **query: Any) -> list[str]:
    return [row["context_id"] for row in page(person, **query)["results"]]


def keeps(project: Project, *paths: str, hashed: bool = False) -> None:
    project.recorded_attributes, project.hash_context_ids = list(paths), hashed
    project.save()


def test_evaluations_are_listed_the_newest_first_and_only_of_the_flag_and_environment(
    vi: Person, production: Environment, development: Environment
) -> None:
    keep(production, "ann", minutes_ago=5)
    keep(production, "ben", minutes_ago=1, reason="RULE_MATCH", rule="us")
    keep(production, "cem", flag="banner")
    keep(development, "dan")
    first, second = page(vi)["results"]
    assert first == {
        "time": "2026-11-22T11:59:00.000000Z", "context_id": "ben",
        "variation": "on", "reason": "RULE_MATCH", "rule": "us",
        "error_code": "", "revision": 3, "attributes": {}, "source": "server",
    }  # fmt: skip
    assert second["context_id"] == "ann"


def test_every_part_of_the_question_narrows_it_down(vi: Person, production: Environment) -> None:
    keep(production, "ann", minutes_ago=90, variation="off", reason="OFF")
    keep(production, "ben", minutes_ago=30, reason="RULE_MATCH", rule="us")
    keep(production, "cem", minutes_ago=10)
    assert users(vi) == ["cem", "ben", "ann"]
    assert users(vi, since="1h") == ["cem", "ben"]
    assert users(vi, since="2026-11-22T11:30:00Z") == ["cem", "ben"], "since is among them"
    assert users(vi, until="2026-11-22T12:30:00+01:00") == ["ann"], "until is not"
    assert users(vi, until="20m") == ["ben", "ann"]
    assert users(vi, since="2026-11-22") == ["cem", "ben", "ann"], "a date is its first moment"
    assert users(vi, until="2026-11-22") == []
    assert users(vi, user_id="ben") == users(vi, variation="on", rule="us") == users(vi, reason="RULE_MATCH") == ["ben"]
    assert users(vi, user_id="ben", variation="off") == []
    keep(production, "")
    assert users(vi, user_id="") == [""], "the anonymous alone"


def test_pages_follow_each_other_by_their_cursor(vi: Person, production: Environment) -> None:
    for number in range(5):
        keep(production, f"user-{number}", minutes_ago=number // 2)
    found, address = [], "/flags/checkout/evaluations?environment=production&page_size=2"
    while address:
        body = vi.client().get(address).json()
        found += [row["context_id"] for row in body["results"]]
        address = body["next"]
    assert found == ["user-1", "user-0", "user-3", "user-2", "user-4"]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-11-22T10:00:00"}, "until"),
        ({"reason": "rule_match"}, "reason"),
        ({"page_size": "1001"}, "page_size"),
        ({"cursor": "x"}, "cursor"),
        ({"who": "x"}, "who"),
    ],
)
def test_what_is_no_question_is_refused(query: dict[str, str], path: str, vi: Person, shop: Project) -> None:
    keep(shop.environments.get(key="development"))
    assert_problem(vi.client().get("/flags/checkout/evaluations", query), 400, "INVALID", path)


def test_a_flag_that_never_was_is_not_found_and_a_deleted_one_keeps_its_records(
    vi: Person, otto: Person, production: Environment
) -> None:
    assert_problem(vi.client().get("/flags/checkout/evaluations?environment=production"), 404, "FLAG_NOT_FOUND")
    keep(production)
    assert users(vi) == ["ann"]
    assert users(vi, since="1s") == [], "nothing fits, but there is something"
    assert otto.client().get("/flags/checkout/evaluations?project=shop").status_code == 404


def test_a_server_key_cannot_ask(sdk: APIClient) -> None:
    assert sdk.get("/flags/checkout/evaluations").status_code == 403


def test_attributes_that_are_struck_off_the_list_are_not_shown_any_more(vi: Person, production: Environment) -> None:
    keeps(production.project, "plan", "email")
    keep(production, attributes={"plan": "pro", "email": "ann@harbour.example"})
    keeps(production.project, "plan")
    assert page(vi)["results"][0]["attributes"] == {"plan": "pro"}
    flag = make(production.project, "checkout")
    assert "ann@harbour.example" not in Desk(vi).get("flags_flag_evaluations", flag.pk).content.decode()


def test_where_ids_are_hashed_a_question_finds_the_user_by_the_id_and_no_answer_tells_it(
    vi: Person, production: Environment
) -> None:
    keep(production, "ann", minutes_ago=5)
    keeps(production.project, hashed=True)
    project = production.project
    keep(production, stored_id("ann", salt=project.context_salt, hashed=True))
    keep(production, stored_id("ben", salt=project.context_salt, hashed=True))
    found = users(vi, user_id="ann")
    assert len(found) == 2, "also what was recorded before"
    assert len(set(found)) == 1
    assert found[0].startswith("hashed:")
    assert len(users(vi)) == 3
    keeps(production.project, hashed=False)
    assert len(users(vi, user_id="ann")) == 2, "also when the project has changed its mind"


def audit(person: Person, user: str, **query: str) -> list[dict[str, Any]]:
    asked = {"environment": "production", "user_id": user, **query}
    found: list[dict[str, Any]] = person.client().get("/flags/checkout/audit", asked).json()["recorded_evaluations"]
    return found


def test_an_explanation_has_that_users_recorded_evaluations_beside_it_now_or_up_to_a_moment(
    vi: Person, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON - timedelta(hours=3))
    make(production.project, "checkout")
    monkeypatch.setattr(clock, "now", lambda: NOON)
    keep(production, "ann", minutes_ago=90, variation="off")
    keep(production, "ann", minutes_ago=10)
    keep(production, "ben")
    keep(production, "")
    assert [row["variation"] for row in audit(vi, "ann")] == ["on", "off"]
    assert [row["variation"] for row in audit(vi, "ann", at="2026-11-22T11:00:00Z")] == ["off"]
    assert [row["context_id"] for row in audit(vi, "")] == [""], "what is recorded of the anonymous"
    monkeypatch.setattr("flags.api.recorded.MAX_AUDITED_EVALUATIONS", 1)
    assert [row["variation"] for row in audit(vi, "ann")] == ["on"]


# --- the admin -----------------------------------------------------------------------------------------------------


def shown(answer: Any) -> list[str]:
    return [row["context_id"] for row in answer.context["rows"]]


def test_a_flag_leads_to_its_evaluations_and_the_page_lists_those_of_the_last_day(
    vi: Person, production: Environment
) -> None:
    flag = make(production.project, "checkout")
    keep(production, "ann", reason="RULE_MATCH", rule="us")
    keep(production, "ben", variation="", reason="ERROR", error_code="MALFORMED_FLAG")
    keep(production, "old", minutes_ago=60 * 30)
    desk = Desk(vi)
    assert f"/admin/flags/flag/{flag.pk}/evaluations/" in desk.open(flag).content.decode()
    page = desk.get("flags_flag_evaluations", flag.pk)
    assert shown(page) == ["ben", "ann"]
    text = page.content.decode()
    assert "a rule decided <code>us</code>" in text
    assert "MALFORMED_FLAG" in text
    assert shown(desk.get("flags_flag_evaluations", flag.pk, since="1h", variation="on")) == ["ann"]


def test_the_page_asks_for_a_user_without_naming_them_in_its_address(vi: Person, production: Environment) -> None:
    flag = make(production.project, "checkout")
    for user in ("ann", "ben"):
        keep(production, user)
    answer = Desk(vi).post("flags_flag_evaluations", flag.pk, environment="production", since="", user_id="ben")
    assert shown(answer) == ["ben"]
    assert 'value="ben"' in answer.content.decode()
    assert "user_id=" not in answer.content.decode()


def test_the_page_is_asked_from_and_until_moments_of_utc(vi: Person, production: Environment) -> None:
    flag = make(production.project, "checkout")
    for hours in (1, 40, 80):
        keep(production, f"{hours}-hours-ago", minutes_ago=60 * hours)
    desk, now = Desk(vi), clock.now()

    def asked(begin: int | None, until: int | None) -> list[str]:
        """Asked as a browser does, which sends the span as well, in so many hours before now."""
        moments = {"begin": begin, "until": until}
        fields = {name: f"{now - timedelta(hours=ago):%Y-%m-%dT%H:%M}" for name, ago in moments.items() if ago}
        return shown(desk.post("flags_flag_evaluations", flag.pk, since="1d", **fields))

    assert asked(60, None) == ["1-hours-ago", "40-hours-ago"]
    assert asked(None, 60) == ["80-hours-ago"]
    assert asked(60, 20) == ["40-hours-ago"]
    page = desk.post("flags_flag_evaluations", flag.pk, begin="2026-11-22T10:00", until="2026-11-22T12:00:30")
    text = page.content.decode()
    assert 'value="2026-11-22T10:00"' in text
    assert "From (UTC)" in text


@pytest.mark.parametrize(
    ("begin", "until", "told"),
    [
        ("yesterday", "", "A moment is a day and a time"),
        ("", "2026-13-01T00:00", "A moment is a day and a time"),
        ("0001-01-01T00:00+10:00", "", "A moment is a day and a time"),
        ("2026-11-22T10:00", "2026-11-21T10:00", "it ends before it begins"),
    ],
)
def test_moments_that_are_none_are_named_and_find_nothing(
    begin: str, until: str, told: str, vi: Person, production: Environment
) -> None:
    flag = make(production.project, "checkout")
    keep(production, "ann")
    page = Desk(vi).post("flags_flag_evaluations", flag.pk, begin=begin, until=until)
    assert shown(page) == []
    assert told in page.content.decode()


def test_the_page_has_pages(vi: Person, production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flags.admin.deciding.evaluations.PAGE_SIZE", 2)
    flag = make(production.project, "checkout")
    for number in range(3):
        keep(production, f"user-{number}", minutes_ago=number)
    desk = Desk(vi)
    first = desk.get("flags_flag_evaluations", flag.pk)
    assert shown(first) == ["user-0", "user-1"]
    assert "Older" in first.content.decode()
    second = desk.post("flags_flag_evaluations", flag.pk, since="1d", p="2")
    assert shown(second) == ["user-2"]
    assert "Older" not in second.content.decode()
    assert shown(desk.post("flags_flag_evaluations", flag.pk, p="99999999999")) == []


def test_the_page_is_for_whoever_sees_the_project(nina: Person, otto: Person, production: Environment) -> None:
    flag = make(production.project, "checkout")
    for person in (nina, otto):
        assert Desk(person).get("flags_flag_evaluations", flag.pk).status_code in {302, 403, 404}
    assert Desk(otto).get("flags_flag_evaluations", flag.pk).status_code == 404
