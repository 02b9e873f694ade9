"""DELETE /flags/{key}."""

import pytest
from auditlog.models import LogEntry
from rest_framework.test import APIClient

from flags.models import Revision
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, decide
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def test_a_deleted_flag_is_gone_everywhere_at_once(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    decide(sdk, "checkout")
    response = ed.client().delete("/flags/checkout?comment=No%20longer%20needed")
    assert (response.status_code, response.content) == (204, b"")
    assert_problem(ed.client().get(f"/flags/checkout{PRODUCTION}"), 404, "FLAG_NOT_FOUND")
    unknown = sdk.post("/evaluate", {"flag_key": "checkout", "context": {"id": "a"}})
    assert_problem(unknown, 404, "FLAG_NOT_FOUND")
    assert sdk.get("/sdk/config").json()["flags"] == {}
    newest = list(Revision.objects.filter(comment="No longer needed"))
    assert {each.environment.key for each in newest} == {"development", "staging", "production"}


def test_a_deletion_keeps_the_history_and_the_last_state_in_the_log(ed: Person) -> None:
    create(ed, boolean())
    ed.client().delete("/flags/checkout")
    history = ed.client().get(f"/flags/checkout/history{PRODUCTION}").json()["results"]
    assert [each["flag"] is None for each in history] == [True, False]
    deleted = LogEntry.objects.filter(action=LogEntry.Action.DELETE, additional_data__environment="production").get()
    assert deleted.changes["enabled"] == [True, None]


def test_a_flag_that_another_requires_stays(ed: Person) -> None:
    create(ed, boolean("login"))
    create(ed, boolean(prerequisites=[{"flag": "login", "variation": "on"}]))
    with nothing_changes():
        problem = assert_problem(ed.client().delete("/flags/login"), 409, "FLAG_IN_USE")
    assert "flag checkout in production" in problem["detail"]


def test_there_is_nothing_to_delete_twice(ed: Person) -> None:
    create(ed, boolean())
    assert ed.client().delete("/flags/checkout").status_code == 204
    assert_problem(ed.client().delete("/flags/checkout"), 404, "FLAG_NOT_FOUND")


def test_a_key_may_be_used_again_with_another_salt(ed: Person) -> None:
    first = create(ed, boolean())
    ed.client().delete("/flags/checkout")
    assert create(ed, boolean())["salt"] != first["salt"]
