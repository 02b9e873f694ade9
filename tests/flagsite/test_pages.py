"""Pages by cursor lead through a whole list once, also where its rows share their moment."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, ServerKey
from flags.answers import Decided
from flags.models import RecordedEvaluation
from flags.services import make_partitions
from flags.services.records import Record, keep_records
from flagsite.lib import clock
from rollouts.models import Check, Delivery, Guardrail
from rollouts.services.notices import notify
from tests.conftest import Person
from tests.rollouts.occurrences import happened, hook, running_ramp

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADDRESS = "/flags/checkout/evaluations?environment=production"


def keep(environment: Environment, *moments: datetime) -> None:
    """Record an evaluation at each moment, of users who are numbered."""
    decided = (Decided("checkout", "on", "FALLTHROUGH", "", "", 1),)
    records = [Record(f"user-{number}", moment, {}, decided) for number, moment in enumerate(moments)]
    keep_records(environment, records, source=RecordedEvaluation.Source.SERVER)


def walk(person: Person, address: str | None, way: str = "next") -> list[dict[str, Any]]:
    """Return the pages from an address on."""
    pages, client = [], person.client()
    while address:
        response = client.get(address)
        assert response.status_code == 200, response.content
        pages.append(response.json())
        assert len(pages) < 50, "it goes round in circles"
        address = pages[-1][way]
    return pages


def users(pages: list[dict[str, Any]]) -> list[str]:
    return [row["context_id"] for page in pages for row in page["results"]]


@pytest.mark.parametrize("size", [1, 3, 7, 8, 100])
def test_rows_of_one_moment_come_once_each_and_the_pages_lead_back(
    size: int, vi: Person, production: Environment
) -> None:
    keep(production, *[NOON] * 7, NOON + timedelta(seconds=1))
    forth = walk(vi, f"{ADDRESS}&page_size={size}")
    assert users(forth) == [f"user-{number}" for number in range(7, -1, -1)]
    back = walk(vi, forth[-1]["previous"], "previous")
    assert [page["results"] for page in reversed(back)] == [page["results"] for page in forth[:-1]]
    assert not back or back[-1]["next"], "the first page leads on, when it was come back to as well"


def test_more_rows_of_one_moment_than_a_page_can_have_come_once_each(vi: Person, production: Environment) -> None:
    keep(production, *[NOON] * 1_501)
    found = users(walk(vi, f"{ADDRESS}&page_size=400"))
    assert len(found) == len(set(found)) == 1_501


def test_the_next_page_is_read_from_where_it_begins_and_not_from_the_days_behind(
    vi: Person, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    make_partitions()
    keep(production, *[NOON] * 3, *[NOON + timedelta(days=1)] * 3)
    address = vi.client().get(f"{ADDRESS}&page_size=4").json()["next"]
    with CaptureQueriesContext(connection) as captured:
        vi.client().get(address)
    (page,) = [each["sql"] for each in captured if "LIMIT 5" in each["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {page}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "->  Sort" not in plan
    assert "flags_recordedevaluation_20261122" in plan
    assert "20261123" not in plan
    assert "ROW(" in plan.partition("Index Cond")[2], "else all rows of that moment are read again for each page"


def server_keys(ada: Person, production: Environment) -> str:
    for number in range(5):
        ada.client().post("/server-keys", {"environment": "production", "name": f"key {number}"})
    ServerKey.objects.update(created_at=NOON)
    return "/server-keys?"


def deliveries(ada: Person, production: Environment) -> str:
    webhook, _ = hook(production.project, "https://hooks.example.com/x")
    ramp = running_ramp(production.project, production)
    for _ in range(5):
        notify(happened(ramp))
    Delivery.objects.update(created_at=NOON)
    return f"/webhooks/{webhook.pk}/deliveries?"


def checks(ada: Person, production: Environment) -> str:
    ramp = running_ramp(production.project, production)
    guardrail = Guardrail.objects.create(ramp=ramp, position=0, document={"metric": {}})
    looks = [Check(guardrail=guardrail, at=NOON, verdict="healthy", text=str(number)) for number in range(5)]
    Check.objects.bulk_create(looks)
    return "/flags/checkout/ramp/checks?environment=production&"


@pytest.mark.parametrize("make", [server_keys, deliveries, checks])
def test_every_list_that_is_ordered_by_time_comes_whole(
    make: Callable[[Person, Environment], str], ada: Person, production: Environment
) -> None:
    address = make(ada, production)
    (whole,) = walk(ada, f"{address}page_size=100")
    pages = walk(ada, f"{address}page_size=2")
    assert [row for page in pages for row in page["results"]] == whole["results"]
    assert len(whole["results"]) >= 5
