"""Recorded evaluations lie in one partition a day, which goes as a whole when its time is over."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from accounts.models import Environment, Project
from flags.answers import Decided
from flags.contexts import stored_id
from flags.models import RecordedEvaluation
from flags.services import forget_evaluations, make_partitions, note_contexts
from flags.services.records import Record, keep_records
from flags.tasks import keep_record_days
from flagsite.lib import clock

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOON)


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def keep(environment: Environment, *moments: datetime, context_id: str = "ann") -> None:
    decided = Decided("checkout", "on", "FALLTHROUGH", "", "", 1)
    records = [Record(context_id, moment, {}, (decided,)) for moment in moments]
    keep_records(environment, records, source=RecordedEvaluation.Source.SERVER)


def partitions() -> dict[str, int]:
    """How many rows lie in which partition."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid "
                       "WHERE inhparent = 'flags_recordedevaluation'::regclass ORDER BY relname")  # fmt: skip
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608 - the name came out of the catalogue
            found[name.removeprefix("flags_recordedevaluation_")] = cursor.fetchone()[0]
    return found


def test_the_coming_days_get_partitions_and_each_row_lies_in_that_of_its_day(production: Environment) -> None:
    assert make_partitions() == [date(2026, 11, 22) + timedelta(days=ahead) for ahead in range(4)]
    assert make_partitions() == []
    keep(production, NOON, NOON + timedelta(days=1))
    assert partitions() == {"20261122": 1, "20261123": 1, "20261124": 0, "20261125": 0, "other": 0}


def test_each_day_has_the_two_indexes_that_are_asked_and_no_third_that_every_row_would_pay_for() -> None:
    make_partitions()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'flags_recordedevaluation_20261122'")
        found = {definition.partition(" USING ")[2] for (definition,) in cursor.fetchall()}
    assert found == {
        'btree (environment_id, flag_key, "time", id)',
        'btree (environment_id, context_id, flag_key, "time" DESC)',
    }


def test_rows_that_came_before_their_partition_move_into_it(production: Environment) -> None:
    keep(production, NOON, NOON - timedelta(days=1))
    assert partitions() == {"other": 2}
    make_partitions()
    assert partitions()["20261122"] == partitions()["other"] == 1
    assert RecordedEvaluation.objects.count() == 2


def test_days_past_the_retention_are_dropped_and_so_are_rows_without_a_partition(
    production: Environment, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RECORD_RETENTION_DAYS = 7
    keep_record_days()
    keep(production, NOON, NOON + timedelta(days=2), NOON - timedelta(days=1))
    set_clock(monkeypatch, NOON + timedelta(days=7, hours=-1))
    assert keep_record_days() == 1, "the row without a partition"
    assert partitions()["20261122"] == 1
    set_clock(monkeypatch, NOON + timedelta(days=7, hours=1))
    assert keep_record_days() == 0
    assert partitions()["20261122"] == 1, "the day is not over yet"
    set_clock(monkeypatch, NOON + timedelta(days=8))
    keep_record_days()
    assert "20261122" not in partitions()
    assert [row.time for row in RecordedEvaluation.objects.all()] == [NOON + timedelta(days=2)]


def test_elsewhere_than_on_postgresql_rows_are_deleted(
    production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.services.partitions._is_partitioned", lambda: False)
    assert make_partitions() == []
    keep(production, NOON, NOON - timedelta(days=3))
    assert forget_evaluations(older_than=timedelta(days=2)) == 1
    assert RecordedEvaluation.objects.count() == 1


def forget(**options: Any) -> str:
    out = StringIO()
    call_command("forget_evaluations", stdout=out, **options)
    return out.getvalue()


def test_an_operator_deletes_what_is_recorded_of_one_user_also_under_the_hash(
    production: Environment, shop: Project
) -> None:
    keep(production, NOON)
    keep(production, NOON, context_id="ben")
    note_contexts(production, {"ann": ({}, NOON)})
    keep(production, NOON, context_id=stored_id("ann", salt=shop.context_salt, hashed=True))
    assert forget(project="shop", user_id="ann") == "3 rows deleted\n"
    assert [row.context_id for row in RecordedEvaluation.objects.all()] == ["ben"]
    entry = LogEntry.objects.latest("pk")
    assert entry.changes == {"evaluations_forgotten": [None, 3]}
    assert "ann" not in str(entry.changes) + str(entry.additional_data)
    assert forget(project="shop") == "1 rows deleted\n"


def test_a_project_that_is_not_there_cannot_be_forgotten(db: None) -> None:
    with pytest.raises(CommandError):
        forget(project="gone")
