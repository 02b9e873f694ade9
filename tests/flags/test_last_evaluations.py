"""When SDKs last asked for a flag: noted with their reports, at most once an hour, for flags that are there."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Environment
from flags.models import Flag, LastEvaluation
from flags.services import delete_flag, forget_reports
from flagsite.lib import clock
from tests.conftest import SYSTEM
from tests.flags.builders import make
from tests.flags.test_sdk_events import batch, count, report

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def checkout(production: Environment) -> Flag:
    return make(production.project, "checkout")


def asked(sdk: APIClient, *minutes: str, flag: str = "checkout") -> None:
    counts = [count(flag=flag, minute=f"2026-11-22T{minute}:00Z") for minute in minutes]
    assert report(sdk, batch(counts=counts)).status_code == 202


def last() -> dict[tuple[str, str], str]:
    rows = LastEvaluation.objects.values_list("environment__key", "flag_key", "at")
    return {(environment, key): f"{at:%H:%M}" for environment, key, at in rows}


def test_the_newest_minute_is_noted_for_the_environment_that_reports(sdk: APIClient, checkout: Flag) -> None:
    asked(sdk, "09:05", "10:04", "08:00")
    assert last() == {("production", "checkout"): "10:04"}


def test_it_is_written_at_most_once_an_hour_and_never_goes_back(sdk: APIClient, checkout: Flag) -> None:
    for minute, noted in (("10:00", "10:00"), ("10:59", "10:00"), ("11:01", "11:01"), ("07:00", "11:01")):
        asked(sdk, minute)
        assert last() == {("production", "checkout"): noted}


def test_most_reports_write_nothing_about_it(sdk: APIClient, checkout: Flag) -> None:
    asked(sdk, "10:00")
    with CaptureQueriesContext(connection) as captured:
        asked(sdk, "10:01")
    about = [query["sql"] for query in captured if "lastevaluation" in query["sql"]]
    assert len(about) == 1
    assert about[0].startswith("SELECT")


def test_a_clock_that_runs_ahead_does_not_keep_a_flag_fresh(sdk: APIClient, checkout: Flag) -> None:
    asked(sdk, "23:59")
    assert last() == {("production", "checkout"): "12:00"}


def test_flags_that_are_not_there_are_not_noted_and_those_that_went_are_forgotten(
    sdk: APIClient, checkout: Flag, production: Environment
) -> None:
    asked(sdk, "10:00", flag="no-such-flag")
    asked(sdk, "10:00")
    assert set(last()) == {("production", "checkout")}
    forget_reports(older_than=timedelta(minutes=1))
    assert set(last()) == {("production", "checkout")}
    delete_flag(project=production.project, environment=production, key="checkout", by=SYSTEM)
    forget_reports(older_than=timedelta(minutes=1))
    assert last() == {}
