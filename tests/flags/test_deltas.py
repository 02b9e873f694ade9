"""Any sequence of changes, replayed as deltas, is the snapshot that is composed from the rows."""

import random
from typing import Any, Final

import orjson
import pytest
from django.db import transaction
from flagsite_sdk.engine import Snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Environment, Project
from flags import snapshots
from flags.models import Revision
from flags.services import create_flag, delete_flag, open_environment, restore_flag, update_flag
from flags.snapshots import EnvironmentSnapshot
from flagsite.lib.problems import Refusal
from segments.services import create_segment, delete_segment, update_segment
from tests.conftest import SYSTEM
from tests.flags.builders import equals, rule

FLAGS, SEGMENTS = ("f0", "f1", "f2"), ("s0", "s1")
VALUES: Final[list[Any]] = [1, 1.0, True, None, 1e300, 1e16, {"a": [1]}, "text", -0.5, 2**64 - 1]

flag_keys, segment_keys = st.sampled_from(FLAGS), st.sampled_from(SEGMENTS)
conditions = st.one_of(
    st.just(equals("country", "US")),
    segment_keys.map(lambda key: {"segment": key}),
    segment_keys.map(lambda key: {"not": {"segment": key}}),
    st.just({"everyone": True}),
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "name": st.sampled_from(["", "A name"]),
        "rollout_percentage": st.sampled_from([0, 0.001, 50, 100]),
        "fallthrough": st.sampled_from([{"variation": "a"}, {"variation": "b"}]),
        "variations": st.sampled_from(VALUES).map(
            lambda value: [{"key": "a", "value": value}, {"key": "b", "value": 1}],
        ),
        "rules": st.lists(conditions.map(lambda condition: rule(condition, "b")), max_size=2),
        "prerequisites": st.lists(flag_keys.map(lambda key: {"flag": key, "variation": "a"}), max_size=1),
        "targets": st.sampled_from([[], [{"variation": "b", "ids": ["ann"]}]]),
    },
)
segment_fields = st.fixed_dictionaries(
    {},
    optional={
        "condition": st.one_of(st.none(), conditions),
        "included": st.sampled_from([[], ["ann"], ["ann", "bob"]]),
        "name": st.sampled_from(["", "A name"]),
    },
)
steps = st.one_of(
    st.tuples(st.just("create flag"), flag_keys, fields),
    st.tuples(st.just("update flag"), flag_keys, fields),
    st.tuples(st.just("update flag elsewhere"), flag_keys, fields),
    st.tuples(st.just("delete flag"), flag_keys, st.none()),
    st.tuples(st.just("restore flag"), flag_keys, st.integers(1, 10)),
    st.tuples(st.just("create segment"), segment_keys, segment_fields),
    st.tuples(st.just("update segment"), segment_keys, segment_fields),
    st.tuples(st.just("delete segment"), segment_keys, st.none()),
)


def take(step: tuple[str, str, Any], project: Project, environment: Environment, other: Environment) -> None:
    """Take one step by the services; a refusal is an outcome like another."""
    what, key, given_ = step
    place: dict[str, Any] = {"project": project, "key": key, "by": SYSTEM}
    first = {"type": "json", "variations": [{"key": "a", "value": 0}, {"key": "b", "value": 1}]}
    try:
        with transaction.atomic():
            match what:
                case "create flag":
                    create_flag(**place, environment=environment, fields=first | given_)
                case "update flag":
                    update_flag(**place, environment=environment, fields=given_)
                case "update flag elsewhere":
                    update_flag(**place, environment=other, fields=given_)
                case "delete flag":
                    delete_flag(**place, environment=environment)
                case "restore flag":
                    restore_flag(**place, environment=environment, revision=given_)
                case "create segment":
                    create_segment(**place, fields=given_)
                case "update segment":
                    update_segment(**place, fields=given_)
                case "delete segment":
                    delete_segment(**place)
    except Refusal:
        pass


def composed(environment: Environment) -> Any:
    """Return the snapshot as a process that has just started composes it from the rows."""
    fresh = EnvironmentSnapshot(environment.pk)
    fresh.catch_up(environment.revision)
    return orjson.loads(fresh.whole().body)


def replayed(environment: Environment, starts: list[int]) -> list[Any]:
    """Return what readers have that took all deltas since these revisions one by one."""
    deltas = list(Revision.objects.filter(environment=environment).order_by("number").values_list("delta", flat=True))
    readers = []
    for _ in starts:
        reader = Snapshot(clock=lambda: 0)
        reader.replace(b'{"revision": 0, "flags": {}, "segments": {}}')
        for delta in deltas:
            assert reader.apply(delta.encode())
        readers.append(orjson.loads(reader.to_json()))
    return readers


@pytest.mark.django_db
@given(sequence=st.lists(steps, min_size=3, max_size=12), seed=st.integers(0, 1000))
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_changes_replayed_as_deltas_are_the_snapshot_composed_from_rows(
    shop: Project, sequence: list[tuple[str, str, Any]], seed: int
) -> None:
    snapshots.forget_all()
    chance = random.Random(seed)  # noqa: S311 - which revisions a reader starts from is no secret
    with transaction.atomic():
        environment, other = shop.environments.get(key="production"), shop.environments.get(key="staging")
        process, held = EnvironmentSnapshot(environment.pk), []
        for step in sequence:
            take(step, shop, environment, other)
            environment.refresh_from_db()
            if chance.random() < 0.5:  # a process that catches up now and then
                process.catch_up(environment.revision)
                held.append((process.revision, process.whole().body))
        process.catch_up(environment.revision)
        right = composed(environment)
        assert orjson.loads(process.whole().body) == right
        assert replayed(environment, [0]) == [right]
        for revision, body in held:  # SDKs that were away since then
            reader = Snapshot(clock=lambda: 0)
            reader.replace(body)
            update = process.since(revision)
            document = orjson.loads(update.body)
            if "since" in document:
                assert reader.apply(update.body) is (revision < process.revision)
            elif "flags" in document:
                reader.replace(update.body)
            assert orjson.loads(reader.to_json()) == right
        opened = open_environment(project=shop, key="fresh", name="Fresh", by=SYSTEM)
        assert replayed(opened, [0]) == [composed(opened)]
        assert {key: flag["enabled"] for key, flag in composed(opened)["flags"].items()} == dict.fromkeys(
            right["flags"], False
        )
        transaction.set_rollback(True)
