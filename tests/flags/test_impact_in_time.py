"""What a change does is worked out while somebody waits: 3 changes, 2,000 flags, 10,000 recent contexts."""

import time

import orjson
import pytest

from accounts.models import Environment
from flags.evaluation import impact
from flags.impact import Kind
from flags.models import RecentContext
from flags.snapshots import holding
from flagsite.lib import clock
from sdk_python.tests.engine.environments import Json, boolean, compare, rule

pytestmark = pytest.mark.django_db

HALVES = {"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]}


def flag(number: int) -> Json:
    conditions = {"all": [compare("country", "in", ["US", "DE", "FR"]), compare("plan", "equals", "pro")]}
    rules = [rule(conditions, HALVES, rollout_percentage=50) | {"id": f"r{n}"} for n in range(3)]
    named = [rule({"segment": "beta"}) | {"id": "beta"}] if number % 100 == 0 else []
    return boolean(salt=f"salt-{number}", rollout_percentage=25, rules=rules + named)


def test_a_change_of_three_flags_is_weighed_within_a_second(production: Environment) -> None:
    flags = {f"f{number}": flag(number) for number in range(2_000)}
    segments = {"beta": {"if": compare("country", "equals", "FR"), "included": [f"user-{n}" for n in range(1_000)]}}
    document = {"revision": production.revision, "flags": flags, "segments": segments}
    holding(production.pk).engine.replace(orjson.dumps(document))
    production.project.recorded_attributes = ["country", "plan"]
    countries, plans = ["US", "DE", "IT", "FR"], ["pro", "free", "team"]
    RecentContext.objects.bulk_create(
        RecentContext(
            environment=production,
            context_id=f"user-{number}",
            attributes={"country": countries[number % 4], "plan": plans[number % 3]},
            seen_at=clock.now(),
        )
        for number in range(10_000)
    )
    changes = {key: flags[key] | {"rollout_percentage": 50} for key in ("f0", "f100", "f555")}

    started = time.perf_counter()
    found = impact(production, flags=changes)
    took = time.perf_counter() - started

    assert [one.key for one in found.flags] == ["f0", "f100", "f555"]
    assert found.contexts == 10_000
    assert all(one.count(Kind.GAIN) > 1_000 for one in found.flags)
    assert not found.anyone_loses
    assert took < 1.0, f"{took:.3f} s"
