"""Buckets: exactly the wanted share, the same in every form, and nobody lost when a percentage is raised."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flagsite_sdk.engine.bucketing import DIGESTS, Purpose, bucket, bucket_of, digest, threshold
from flagsite_sdk.engine.model import BUCKETS
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk_python.tests.engine.environments import (
    Json,
    boolean,
    by_compiled,
    by_reference,
    compare,
    contexts,
    holding,
    rule,
)

DOCS = Path(__file__).parents[3] / "docs" / "reference"
PEOPLE = [{"id": f"user-{number}"} for number in range(1_000)]


@given(st.integers(0, DIGESTS - 1), st.integers(0, BUCKETS))
def test_a_digest_is_below_a_threshold_exactly_when_its_bucket_is_below_the_share(a_digest: int, share: int) -> None:
    assert (a_digest < threshold(share)) == (bucket_of(a_digest) < share)


@given(st.integers(1, BUCKETS - 1))
def test_a_threshold_lies_on_the_first_digest_of_its_bucket(share: int) -> None:
    assert bucket_of(threshold(share)) == share
    assert bucket_of(threshold(share) - 1) == share - 1


def test_half_of_the_buckets_is_exactly_fifty_thousand() -> None:
    first_digests = [threshold(number) for number in range(BUCKETS)]
    assert [bucket_of(one) for one in first_digests] == list(range(BUCKETS))
    assert sum(one < threshold(50_000) for one in first_digests) == 50_000
    assert threshold(0) == 0
    assert threshold(BUCKETS) == DIGESTS


def test_the_gate_of_a_flag_holds_exactly_half_of_the_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    # the compiled gate and the readable one, asked with one digest out of every bucket
    digests: Iterator[int] = iter(())
    monkeypatch.setattr("flagsite_sdk.engine.bucketing.digest", lambda *_: next(digests))
    monkeypatch.setitem(_generated_globals(), "digest", lambda _: next(digests))
    flags = {"f": boolean(rollout_percentage=50)}
    decide = holding(flags).table["f"]
    digests = (threshold(number) for number in range(BUCKETS))
    assert sum(decide({"id": "alice"}).value for _ in range(BUCKETS)) == 50_000
    digests = (threshold(number) for number in range(49_990, 50_010))
    inside = [by_reference(flags, {}, "f", {"id": "alice"})[0] for _ in range(20)]
    assert inside == [True] * 10 + [False] * 10


def _generated_globals() -> Json:
    return holding({"f": boolean()}).table["f"].__globals__  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("salt", ["salt", "5f0c", "a"])
def test_a_thousand_people_land_within_binomial_bounds(salt: str) -> None:
    snapshot = holding({"f": boolean(rollout_percentage=50, salt=salt)})
    inside = sum(snapshot.detail("f", person).value for person in PEOPLE)
    assert abs(inside - 500) < 4 * (1_000 * 0.5 * 0.5) ** 0.5


def test_buckets_of_gate_and_split_are_independent() -> None:
    both = [
        (bucket("s", "rollout", person["id"]) < 50_000, bucket("s", "split", person["id"]) < 50_000)
        for person in PEOPLE
    ]
    assert all(abs(both.count((one, other)) - 250) < 60 for one in (True, False) for other in (True, False))


@settings(max_examples=60)
@given(st.data())
def test_raising_a_percentage_removes_nobody_and_moves_nobody(data: st.DataObject) -> None:
    low, high = sorted(data.draw(st.lists(st.integers(0, BUCKETS), min_size=2, max_size=2)))
    split = {"split": [{"variation": "on", "weight": 30}, {"variation": "off", "weight": 70}]}
    on_rule = data.draw(st.booleans())

    def at(buckets: int) -> Json:
        percentage = buckets / 1_000
        if on_rule:
            return boolean(rules=[rule(compare("id", "exists"), split, rollout_percentage=percentage)])
        return boolean(fallthrough=split, rollout_percentage=percentage)

    before, after = holding({"f": at(low)}), holding({"f": at(high)})
    reason = "RULE_MATCH" if on_rule else "FALLTHROUGH"
    for person in [*PEOPLE[:150], data.draw(contexts())]:
        was = before.detail("f", person)
        if was.reason == reason:
            now = after.detail("f", person)
            assert (now.variation, now.reason) == (was.variation, was.reason)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "Zoë", "🦊"])
def test_every_text_has_a_bucket_even_what_is_not_unicode(text: str) -> None:
    flags = {
        "gate": boolean(rollout_percentage=50),
        "split": boolean(
            fallthrough={"split": [{"variation": "on", "weight": 50}, {"variation": "off", "weight": 50}]}
        ),
        "two-gates": boolean(rollout_percentage=60, rules=[rule(compare("id", "exists"), rollout_percentage=1)]),
        "regex": boolean(fallthrough={"variation": "off"}, rules=[rule(compare("id", "regex", "."))]),
    }
    snapshot = holding(flags)
    for key in flags:
        answer = by_compiled(snapshot, key, {"id": text})
        assert answer == by_reference(flags, {}, key, {"id": text})
        assert answer[2] != "ERROR"


def test_the_golden_vectors_in_the_docs_are_true() -> None:
    page = (DOCS / "buckets.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `([^`]+)` \| (rollout|split) \| `([^`]+)` \| `0x([0-9a-f]{16})` \| (\d+) \|$", page, re.MULTILINE
    )
    assert len(rows) >= 8
    for salt, purpose, value, hexadecimal, number in rows:
        which: Purpose = "rollout" if purpose == "rollout" else "split"
        assert f"{digest(salt, which, value):016x}" == hexadecimal
        assert bucket(salt, which, value) == int(number)
