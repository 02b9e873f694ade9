"""A large shop stays quick to work in: 2,000 flags in 5 environments, 10,000 contexts seen lately, on PostgreSQL.

The budgets are those of two quiet cores, and held by `make bench-server ARGS="--only desk"`; the tests allow twice
as much, of the best of three, since other processes may be at work beside them. What a page asks of the database is
counted.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from accounts.querysets import lock_environments
from flags.documents import state_document
from flags.models import Flag, FlagState, HourCount, RecentContext
from flags.publishing.publish import Change, publish
from flags.querysets import states_in
from flags.services import open_environment
from flagsite.lib import clock
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import equals, in_, make
from tests.flags.test_query_counts import more_flags

pytestmark = pytest.mark.django_db

FLAGS = 2_000
CONTEXTS = 10_000
SLACK = 2
FLAG_PAGE_SECONDS = 0.3
INSIGHTS_SECONDS = 0.3
REVIEW_SECONDS = 1.0
FLAG_PAGE_QUERIES = 15
INSIGHTS_QUERIES = 21
REVIEW_QUERIES = 50

HALVES = {"split": [{"variation": "on", "weight": 33.333}, {"variation": "off", "weight": 66.667}]}
RULES = [
    {
        "id": "north-america",
        "name": "In North America, or who pay",
        "if": {"any": [equals("country", "US"), equals("country", "CA"), equals("plan", "pro")]},
        "serve": HALVES,
        "rollout_percentage": 50,
    },
    {"id": "beta", "name": "Beta testers", "if": {"segment": "beta"}, "serve": {"variation": "on"}},
]


@pytest.fixture
def flag(shop: Project, production: Environment) -> Flag:
    """One of 2,000 flags, each with two rules in each of 5 environments; production has published them all."""
    create_segment(project=shop, key="beta", fields={"included": [f"user-{n}" for n in range(1_000)]}, by=SYSTEM)
    for key in ("load-test", "canary"):
        open_environment(project=shop, key=key, name=key.title(), by=SYSTEM)
    found = make(shop, "checkout")
    more_flags(shop, FLAGS - 1)
    FlagState.objects.filter(flag__project=shop).update(enabled=True, rules=RULES)
    with transaction.atomic():
        (locked,) = lock_environments(shop, only=production)
        flags = {state.flag.key: state_document(state) for state in states_in(production)}
        publish([Change(locked, flags=flags)], by=SYSTEM, comment="Seeded")
    return found


@pytest.fixture
def seen(shop: Project, production: Environment) -> None:
    """10,000 contexts."""
    shop.recorded_attributes = ["country", "plan"]
    shop.save()
    countries, plans = ["US", "DE", "IT", "FR"], ["pro", "free", "team"]
    RecentContext.objects.bulk_create(
        RecentContext(
            environment=production,
            context_id=f"user-{number}",
            attributes={"country": countries[number % 4], "plan": plans[number % 3]},
            seen_at=clock.now(),
        )
        for number in range(CONTEXTS)
    )


def cost(ask: Callable[[], Any]) -> tuple[float, int]:
    """Ask three times; return the seconds of the quickest and the queries of the last."""
    took = []
    for _ in range(3):
        begin = time.perf_counter()
        with CaptureQueriesContext(connection) as captured:
            ask()
        took.append(time.perf_counter() - begin)
    return min(took), len(captured)


def test_the_page_of_a_flag_and_the_review_of_a_change_are_quick(
    desk: Desk, flag: Flag, production: Environment, seen: None
) -> None:
    assert (Flag.objects.count(), FlagState.objects.count()) == (FLAGS, 5 * FLAGS)
    seconds, queries = cost(lambda: desk.open(flag))
    assert queries <= FLAG_PAGE_QUERIES
    assert seconds < FLAG_PAGE_SECONDS * SLACK, f"{seconds:.3f} s"

    saved = desk.save(flag, **in_(production, rollout_percentage="40"))
    page = desk.review(saved)
    assert f"Of the {CONTEXTS}" in page.content.decode().replace(",", "")
    seconds, queries = cost(lambda: desk.client.get(saved.headers["Location"]))
    assert queries <= REVIEW_QUERIES
    assert seconds < REVIEW_SECONDS * SLACK, f"{seconds:.3f} s"


def test_insights_into_90_days_are_quick(sale: Flag, production: Environment, vi: Person) -> None:
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    kinds = [("on", "FALLTHROUGH"), ("on", "RULE_MATCH"), ("off", "FALLTHROUGH"), ("off", "OFF"), ("", "ERROR")]
    hours = (now - timedelta(hours=ago) for ago in range(90 * 24))
    HourCount.objects.bulk_create(
        HourCount(environment=production, flag_key=sale.key, variation=variation, reason=reason, hour=hour, count=7)
        for hour in hours
        for variation, reason in kinds
    )
    desk = Desk(vi)
    for period in ("week", "quarter"):
        seconds, queries = cost(lambda: desk.get("flags_flag_insights", sale.pk, period=period))  # noqa: B023 - at once
        assert queries <= INSIGHTS_QUERIES
        assert seconds < INSIGHTS_SECONDS * SLACK, f"{period}: {seconds:.3f} s"
