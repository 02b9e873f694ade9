"""Environments, revisions and reports in the admin."""

import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.models import EvaluationCount, Revision
from flags.services import create_flag
from flagsite.lib import clock
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(ada: Person) -> Desk:
    return Desk(ada)


def test_an_environment_is_opened_with_every_flag_of_the_project(
    desk: Desk, shop: Project, production: Environment
) -> None:
    create_flag(project=shop, environment=production, key="sale", fields={"type": "boolean"}, by=SYSTEM)
    assert desk.add("accounts_environment", key="canary", name="Canary", comment="Braver").status_code == 302
    canary = shop.environments.get(key="canary")
    assert [state.flag.key for state in canary.states.all()] == ["sale"]
    revision = Revision.objects.get(environment=canary)
    assert (revision.number, revision.source, revision.comment) == (1, "admin", "Braver")


def test_a_key_that_is_taken_or_none_is_said_at_the_key(desk: Desk, shop: Project) -> None:
    with nothing_changes():
        assert "key" in errors_in(desk.add("accounts_environment", key="production", name="Again"))
        assert "key" in errors_in(desk.add("accounts_environment", key="No key", name="Again"))


def test_an_environment_is_renamed_and_keeps_its_key(desk: Desk, production: Environment) -> None:
    assert desk.save(production, name="Live", position="7", key="live").status_code == 302
    production.refresh_from_db()
    assert (production.key, production.name, production.position) == ("production", "Live", 7)
    entry = LogEntry.objects.latest("pk")
    assert entry.additional_data["source"] == "admin"


def test_admins_say_what_a_change_asks_for_and_it_is_on_record(desk: Desk, production: Environment) -> None:
    assert desk.save(production, is_protected="on", requires_approval="on").status_code == 302
    production.refresh_from_db()
    assert (production.is_protected, production.requires_approval) == (True, True)
    entry = LogEntry.objects.latest("pk")
    assert entry.changes == {"is_protected": [False, True], "requires_approval": [False, True]}


def test_a_revision_shows_who_why_and_what_sdks_were_sent(desk: Desk, shop: Project, production: Environment) -> None:
    fields = {"type": "boolean"}
    create_flag(project=shop, environment=production, key="sale", fields=fields, by=SYSTEM, comment="Spring")  # type: ignore[arg-type]  # as a caller has it
    revision = Revision.objects.filter(environment=production).latest("number")
    page = desk.open(revision).content.decode()
    for text in ("Spring", "tests", revision.digest, "&quot;off_variation&quot;: &quot;off&quot;"):
        assert text in page


def test_the_audit_log_shows_what_changed_from_what_to_what(desk: Desk, production: Environment) -> None:
    desk.save(production, name="Live")
    page = desk.open(LogEntry.objects.latest("pk")).content.decode()
    for text in ("Production", "Live", "admin", "127.0.0.1"):
        assert text in page


@pytest.mark.parametrize("page", ["flags_revision", "auditlog_logentry", "flags_evaluationcount"])
def test_a_list_takes_as_many_queries_for_many_as_for_few(
    page: str, desk: Desk, shop: Project, production: Environment
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.rows(page)
        return len(captured)

    def something_happens(number: int) -> None:
        key = f"flag-{number}"
        create_flag(project=shop, environment=production, key=key, fields={"type": "boolean"}, by=SYSTEM)
        EvaluationCount.objects.create(
            environment=production, flag_key=key, variation="on", minute=clock.now(), count=1
        )

    something_happens(0)
    queries()
    few = queries()
    for number in range(1, 8):
        something_happens(number)
    assert queries() == few


def test_lists_are_filtered_by_environment(desk: Desk, production: Environment, development: Environment) -> None:
    assert {row.environment for row in desk.rows("flags_revision", environment="production")} == {production}
    assert {row.environment for row in desk.rows("flags_revision", environment="development", project="shop")} == {
        development,
    }
