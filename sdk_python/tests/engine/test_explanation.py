"""An explanation says what was looked at, in the order of the specification, and nothing that was not."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flagsite_sdk.engine import InvalidContext, Malformed, UnknownFlag
from flagsite_sdk.engine.bucketing import bucket

from sdk_python.tests.engine.environments import Json, boolean, compare, holding, rule

ALICE: Json = {"id": "alice", "country": "US", "born": datetime(1990, 1, 1, tzinfo=UTC), "o": {"p": object}}
US = compare("country", "equals", "US")
SPLIT = {"split": [{"variation": "on", "weight": 30}, {"variation": "off", "weight": 70}], "bucket_by": "device"}


def explain(flags: Json, context: Json = ALICE, segments: Json | None = None) -> Any:
    told = holding(flags, segments, revision=42).explain("f", context, now=0.0)
    assert json.loads(json.dumps(told)) == told
    return told


def test_a_flag_that_is_off_is_looked_at_no_further() -> None:
    told = explain({"f": boolean(enabled=False, targets=[{"variation": "on", "ids": ["alice"]}])})
    assert told == {
        "flag_key": "f",
        "value": False,
        "variation": "off",
        "reason": "OFF",
        "rule": None,
        "revision": 42,
        "steps": [{"step": "enabled", "enabled": False}],
    }


def test_each_prerequisite_says_what_it_serves() -> None:
    wanted = [{"flag": key, "variation": "on"} for key in ("good", "bad", "never-looked-at")]
    told = explain({"f": boolean(prerequisites=wanted), "good": boolean(), "bad": {}})
    assert told["reason"] == "PREREQUISITE_FAILED"
    assert told["steps"][1:] == [
        {"step": "prerequisite", "flag": "good", "variation": "on", "served": "on", "matched": True},
        {"step": "prerequisite", "flag": "bad", "variation": "on", "served": None, "matched": False},
    ]


def test_a_target_is_named() -> None:
    told = explain({"f": boolean(targets=[{"variation": "off", "ids": ["alice"]}])})
    assert told["steps"][-1] == {"step": "targets", "matched": True, "variation": "off"}


def test_a_rule_shows_every_condition_with_the_attribute_that_was_found() -> None:
    condition = {
        "any": [{"not": {"all": [US, {"everyone": True}]}}, compare("born", "exists"), compare("o.p", "equals", 1)]
    }
    told = explain({"f": boolean(rules=[rule(condition, name="Some")])})
    step = told["steps"][2]
    assert (step["index"], step["id"], step["name"], step["matched"]) == (0, "rule", "Some", True)
    assert step["if"] == {
        "any": [
            {
                "not": {
                    "all": [{**US, "actual": "US", "outcome": True}, {"everyone": True, "outcome": True}],
                    "outcome": True,
                },
                "outcome": False,
            },
            {"attribute": "born", "operator": "exists", "actual": "1990-01-01T00:00:00+00:00", "outcome": True},
            {"attribute": "o.p", "operator": "equals", "value": 1, "actual": "<class 'object'>", "outcome": False},
        ],
        "outcome": True,
    }
    assert step["gate"] == {
        "bucket_by": "id",
        "percentage": 100,
        "bucket": bucket("salt", "rollout", "alice"),
        "inside": True,
    }
    assert step["variation"] == "on"


def test_a_segment_shows_its_lists_and_its_condition() -> None:
    segments = {"s": {"if": {"segment": "t"}, "excluded": ["alice"]}, "t": {"included": ["alice"]}}
    step = explain({"f": boolean(rules=[rule({"segment": "s"})])}, segments=segments)["steps"][2]
    assert step["matched"] is False
    assert "gate" not in step
    assert step["if"] == {
        "segment": "s",
        "included": False,
        "excluded": True,
        "if": {"segment": "t", "included": True, "excluded": False, "outcome": True},
        "outcome": False,
    }


def test_a_split_shows_the_bucket_and_the_shares() -> None:
    told = explain({"f": boolean(fallthrough=SPLIT)}, {"id": "alice", "device": "phone"})
    step = told["steps"][-1]
    assert step["step"] == "default_rule"
    assert step["gate"]["inside"] is True
    assert step["split"] == {
        "bucket_by": "device",
        "bucket": bucket("salt", "split", "phone"),
        "shares": [{"variation": "on", "from": 0, "to": 30_000}, {"variation": "off", "from": 30_000, "to": 100_000}],
    }


def test_who_has_nothing_to_bucket_by_has_no_bucket() -> None:
    step = explain({"f": boolean(fallthrough=SPLIT, rollout_percentage=50)})["steps"][-1]
    assert step["gate"] == {"bucket_by": "device", "percentage": 50, "bucket": None, "inside": False}
    assert "split" not in step
    assert step["variation"] is None
    split = explain({"f": boolean(fallthrough=SPLIT)})["steps"][-1]["split"]
    assert split["bucket"] is None


def test_what_cannot_be_decided_cannot_be_explained() -> None:
    snapshot = holding({"f": boolean(), "bad": {}})
    for key, context, error in (("none", ALICE, UnknownFlag), ("bad", ALICE, Malformed), ("f", {}, InvalidContext)):
        with pytest.raises(error):
            snapshot.explain(key, context, now=0.0)
