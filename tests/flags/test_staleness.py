"""Which flags have outlived their use: a pure calculation on facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flags.editing.starters import STARTERS
from flags.usage.staleness import (
    NOT_ASKED_DAYS,
    OFF_DAYS,
    ROLLED_OUT_DAYS,
    SAME_FOR_ALL_DAYS,
    Kind,
    StateFacts,
    served_at_all,
    staleness,
)
from tests.flags.builders import equals, rule, split

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def state(days: float = 1, **facts: Any) -> StateFacts:
    """A state that was changed so many days ago, on, served to some, asked for a minute ago."""
    known: dict[str, Any] = {
        "environment": "Production",
        "enabled": True,
        "off_variation": "off",
        "served": frozenset({"on", "off"}),
        "changed_at": days_ago(days),
        "asked_at": NOW - timedelta(minutes=1),
        "is_watched": True,
    }
    return StateFacts(**known | facts)


def off(days: float, **facts: Any) -> StateFacts:
    return state(days, enabled=False, served=frozenset({"off"}), **facts)


def everybody(days: float, variation: str = "on", **facts: Any) -> StateFacts:
    return state(days, served=frozenset({variation}), **facts)


def kind(*states: StateFacts, tags: tuple[str, ...] = ()) -> Kind | None:
    found = staleness(tags, states, now=NOW)
    return found.kind if found else None


def document(**fields: Any) -> dict[str, Any]:
    bare: dict[str, Any] = {
        "enabled": True,
        "off_variation": "off",
        "fallthrough": {"variation": "on"},
        "rollout_percentage": 100,
        "targets": [],
        "rules": [],
        "prerequisites": [],
    }
    return bare | fields


def test_a_flag_at_work_is_not_stale() -> None:
    assert kind(state(400), state(400)) is None
    assert kind() is None


def test_a_flag_that_is_on_and_that_nobody_asks_for() -> None:
    assert kind(state(NOT_ASKED_DAYS, asked_at=days_ago(NOT_ASKED_DAYS))) is Kind.NOT_ASKED
    found = staleness((), [state(45, asked_at=None)], now=NOW)
    assert found is not None
    assert found.sentence == "No SDK has asked for it since it was last changed, though it is on."
    found = staleness((), [state(45, asked_at=days_ago(40))], now=NOW)
    assert found is not None
    assert found.sentence == "No SDK has asked for it for 40 days, though it is on."


@pytest.mark.parametrize(
    "states",
    [
        [state(NOT_ASKED_DAYS - 0.1, asked_at=None)],
        [state(400, asked_at=days_ago(NOT_ASKED_DAYS - 0.1))],
        [state(400, asked_at=None, is_watched=False)],
        [state(400, asked_at=None), off(400)],
        [off(OFF_DAYS - 1, asked_at=None)],
    ],
    ids=["just changed", "just asked for", "nobody reports", "asked for elsewhere", "off"],
)
def test_silence_says_nothing_when_somebody_asked_or_nobody_reports(states: list[StateFacts]) -> None:
    assert kind(*states) is None


def test_a_release_flag_that_everybody_has_where_it_works() -> None:
    done = everybody(ROLLED_OUT_DAYS)
    assert kind(state(), done, tags=("release",)) is Kind.ROLLED_OUT
    found = staleness(["release"], [done], now=NOW)
    assert found is not None
    words = "Everybody in Production has had “on” for 14 days: the feature is out, the flag can go."
    assert found.sentence == words


@pytest.mark.parametrize(
    ("last", "tags"),
    [
        (everybody(ROLLED_OUT_DAYS), ("experiment",)),
        (everybody(ROLLED_OUT_DAYS - 0.1), ("release",)),
        (state(ROLLED_OUT_DAYS), ("release",)),
        (everybody(ROLLED_OUT_DAYS, "off"), ("release",)),
        (off(ROLLED_OUT_DAYS), ("release",)),
    ],
    ids=["no release", "just now", "not all", "rolled back", "off"],
)
def test_a_release_that_is_not_out(last: StateFacts, tags: tuple[str, ...]) -> None:
    assert kind(everybody(400), last, tags=tags) is None


def test_a_flag_that_serves_everybody_the_same_everywhere() -> None:
    long = SAME_FOR_ALL_DAYS
    assert kind(everybody(long), everybody(long + 5)) is Kind.SAME_FOR_ALL
    assert kind(off(long), everybody(long, "off")) is Kind.SAME_FOR_ALL
    assert kind(everybody(long), everybody(long - 0.1)) is None
    assert kind(everybody(long), everybody(long, "off")) is None


def test_a_flag_that_is_off_everywhere() -> None:
    assert kind(off(OFF_DAYS), off(OFF_DAYS + 1)) is Kind.OFF
    assert kind(off(OFF_DAYS - 0.1), off(400)) is None
    assert kind(off(OFF_DAYS), replace(off(OFF_DAYS), served=frozenset({"other"}))) is Kind.OFF


@pytest.mark.parametrize("tag", ["kill-switch", "permission", "configuration"])
def test_what_is_meant_to_stay_is_never_stale(tag: str) -> None:
    for one in (off(1000), everybody(1000), state(1000, asked_at=None)):
        assert kind(one, tags=("release", tag)) is None


def test_the_tags_that_mean_to_stay_are_those_of_the_templates() -> None:
    stay = {"kill-switch", "permission", "configuration"}
    assert stay < {tag for starter in STARTERS for tag in starter.tags}


@pytest.mark.parametrize(
    ("fields", "served"),
    [
        ({}, {"on"}),
        ({"enabled": False}, {"off"}),
        ({"rollout_percentage": 99.999}, {"on", "off"}),
        ({"rollout_percentage": 0}, {"off"}),
        ({"prerequisites": [{"flag": "other", "variation": "on"}]}, {"on", "off"}),
        ({"targets": [{"variation": "a", "ids": ["ann"]}, {"variation": "b", "ids": []}]}, {"on", "a"}),
        ({"rules": [rule(equals("plan", "pro"), "a"), rule(equals("x", 1), "b", rollout_percentage=0)]}, {"on", "a"}),
        ({"fallthrough": split(a=50, b=50, c=0)}, {"a", "b", "off"}),
    ],
)
def test_what_a_state_serves_at_all(fields: dict[str, Any], served: set[str]) -> None:
    assert served_at_all(document(**fields)) == served
