"""A snapshot and its deltas: the same as building it anew, all or nothing, and only what changed is dropped."""

import json
import weakref
from typing import Any

import pytest
from flagsite_sdk.engine import Gap, InvalidContext, Malformed, Snapshot, UnknownFlag
from flagsite_sdk.engine.definitions import Definitions
from flagsite_sdk.engine.result import ErrorCode, Reason
from flagsite_sdk.engine.snapshot import error_code
from hypothesis import given, settings
from hypothesis import strategies as st

from sdk_python.tests.engine.environments import (
    FLAGS,
    SEGMENTS,
    Json,
    boolean,
    by_compiled,
    by_reference,
    compare,
    contexts,
    environment,
    environments,
    flags_of,
    holding,
    raws,
    rule,
    segments_of,
)

ALICE = {"id": "alice", "country": "US"}
US = compare("country", "equals", "US")


def delta(since: int, revision: int, flags: Json | None = None, segments: Json | None = None) -> bytes:
    return json.dumps({"since": since, "revision": revision, "flags": flags or {}, "segments": segments or {}}).encode()


changes = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(FLAGS), st.one_of(st.none(), flags_of(SEGMENTS, FLAGS)), max_size=2),
        st.dictionaries(st.sampled_from(SEGMENTS), st.one_of(st.none(), segments_of(SEGMENTS)), max_size=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=35)
@given(environments(), changes, contexts())
def test_any_sequence_of_deltas_equals_the_snapshot_from_scratch(
    start: tuple[Json, Json], steps: list[tuple[Json, Json, bool]], context: Json
) -> None:
    flags, segments = start
    snapshot = holding(flags, segments)
    for number, (flag_changes, segment_changes, whole) in enumerate(steps):
        for key in FLAGS:
            snapshot.detail(key, context)  # compile, so that there is something to be out of date
        for held, changed in ((flags, flag_changes), (segments, segment_changes)):
            held.update(changed)
            for key in [key for key, document in held.items() if document is None]:
                del held[key]
        if whole:
            snapshot.replace(environment(flags, segments, number + 2))
        else:
            assert snapshot.apply(delta(number + 1, number + 2, flag_changes, segment_changes))
        assert json.loads(snapshot.to_json()) == {"revision": number + 2, "flags": flags, "segments": segments}
        assert sorted(snapshot.keys()) == sorted(flags)
        for key in FLAGS:
            assert by_compiled(snapshot, key, context) == by_reference(flags, segments, key, context)


def test_a_snapshot_holds_nothing_at_first() -> None:
    snapshot = Snapshot(clock=lambda: 0.0)
    assert (snapshot.revision, snapshot.keys(), snapshot.evaluate_all(ALICE)) == (0, [], {})
    assert snapshot.detail("f", ALICE).error_code == ErrorCode.FLAG_NOT_FOUND


def test_a_delta_from_the_future_is_a_gap() -> None:
    snapshot = holding({"f": boolean()}, revision=5)
    with pytest.raises(Gap) as caught:
        snapshot.apply(delta(6, 7, {"f": None}))
    assert (caught.value.revision, caught.value.since) == (5, 6)
    assert snapshot.revision == 5
    assert snapshot.keys() == ["f"]


def test_a_delta_that_is_held_already_changes_nothing() -> None:
    snapshot = holding({"f": boolean()}, revision=5)
    assert snapshot.apply(delta(3, 5, {"f": None})) is False
    assert snapshot.keys() == ["f"]


def test_a_delta_from_an_earlier_revision_brings_up_to_date() -> None:
    snapshot = holding({"f": boolean()}, revision=5)
    assert snapshot.apply(delta(3, 6, {"f": boolean(enabled=False), "g": boolean()})) is True
    assert snapshot.revision == 6
    assert snapshot.detail("f", ALICE).reason == Reason.OFF
    assert snapshot.detail("g", ALICE).revision == 6


NO_DOCUMENTS: list[bytes] = [
    b"",
    b"{",
    b"[]",
    b"\xff",
    b'{"revision": "1", "flags": {}}',
    b"[" * 100_000,
    b'{"flags": {}}',
]


@pytest.mark.parametrize("document", NO_DOCUMENTS, ids=lambda document: repr(document[:20]))
def test_what_is_no_document_changes_nothing(document: bytes) -> None:
    snapshot = holding({"f": boolean()}, revision=5)
    with pytest.raises(Malformed):
        snapshot.replace(document)
    with pytest.raises(Malformed):
        snapshot.apply(document)
    assert snapshot.revision == 5
    assert snapshot.detail("f", ALICE).value is True


BROKEN = ["null", "7", "[]", "{}", '"flag"', "1e999", '{"a": 1e999}', "[" * 400 + "]" * 400]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:20])
def test_a_broken_flag_or_segment_spoils_only_what_leans_on_it(text: str) -> None:
    ok = json.dumps(boolean())
    leans = json.dumps(boolean(rules=[rule({"segment": "bad"})]))
    document = (
        f'{{"revision": 1, "flags": {{"ok": {ok}, "bad": {text}, "leans": {leans}}}, "segments": {{"bad": {text}}}}}'
    )
    snapshot = Snapshot(clock=lambda: 0.0)
    snapshot.replace(document.encode())
    assert snapshot.detail("ok", ALICE).value is True
    assert snapshot.detail("bad", ALICE).error_code == ErrorCode.MALFORMED_FLAG
    if text != "{}":  # an empty segment is a segment
        assert snapshot.detail("leans", ALICE).error_code == ErrorCode.MALFORMED_FLAG


def test_a_change_drops_only_what_leans_on_it() -> None:
    flags = {
        "plain": boolean(),
        "leans": boolean(rules=[rule({"segment": "outer"})]),
        "needs": boolean(prerequisites=[{"flag": "leans", "variation": "on"}]),
        "waits": boolean(prerequisites=[{"flag": "later", "variation": "on"}]),
    }
    segments: Json = {"outer": {"if": {"segment": "inner"}}, "inner": {"if": US}}
    snapshot = holding(flags, segments)
    before = {key: snapshot.table[key] for key in flags}
    snapshot.apply(delta(1, 2, segments={"inner": {"included": ["bob"]}}))
    after = {key: snapshot.table[key] for key in flags}
    assert [key for key in flags if before[key] is after[key]] == ["plain", "waits"]
    snapshot.apply(delta(2, 3, flags={"later": boolean()}))
    assert snapshot.detail("waits", ALICE).reason == Reason.FALLTHROUGH
    assert snapshot.table["needs"] is after["needs"]


def test_a_whole_snapshot_keeps_what_is_the_same_compiled() -> None:
    snapshot = holding({"same": boolean(), "other": boolean(), "gone": boolean()})
    before = {key: snapshot.table[key] for key in snapshot.keys()}  # noqa: SIM118  # not a mapping
    snapshot.replace(environment({"same": boolean(), "other": boolean(salt="new"), "new": boolean()}, revision=9))
    assert snapshot.table["same"] is before["same"]
    assert snapshot.table["other"] is not before["other"]
    assert snapshot.detail("gone", ALICE).error_code == ErrorCode.FLAG_NOT_FOUND
    assert snapshot.detail("new", ALICE).revision == 9


def test_what_it_writes_it_reads() -> None:
    flags = {"f": boolean(type="json", variations=[{"key": "on", "value": {"ü": 1.0}}, {"key": "off", "value": None}])}
    snapshot = holding(flags, {"s": {}}, revision=7)
    again = Snapshot(clock=lambda: 0.0)
    again.replace(snapshot.to_json())
    assert again.to_json() == snapshot.to_json()
    assert again.detail("f", ALICE) == snapshot.detail("f", ALICE)


def test_the_table_raises_what_is_wrong() -> None:
    snapshot = holding({"f": boolean(), "bad": {}})
    with pytest.raises(UnknownFlag) as unknown:
        snapshot.table["none"]
    assert (unknown.value.key, str(unknown.value)) == ("none", "There is no flag 'none'.")
    for _ in range(2):
        with pytest.raises(Malformed):
            snapshot.table["bad"](ALICE)
    with pytest.raises(InvalidContext):
        snapshot.table["f"]({})


@pytest.mark.parametrize("key", [None, 7, [], {}, ("a",), "no such flag", "\ud800", ""])
def test_no_key_makes_a_question_raise(key: Any) -> None:
    snapshot = holding({"f": boolean()})
    assert snapshot.detail(key, ALICE).reason == Reason.ERROR


class Hostile(dict[str, Any]):
    def get(self, *_: Any) -> Any:
        raise RuntimeError("no")


def test_no_context_makes_a_question_raise() -> None:
    snapshot = holding({"f": boolean()})
    assert snapshot.detail("f", Hostile(id="a")).error_code == ErrorCode.GENERAL
    assert snapshot.evaluate_all(Hostile(id="a"))["f"].error_code == ErrorCode.GENERAL
    assert error_code(ValueError()) == ErrorCode.GENERAL


def test_all_flags_are_decided_at_one_revision_and_one_moment() -> None:
    moments = iter(range(100))
    snapshot = Snapshot(clock=lambda: float(next(moments)))
    recent = boolean(fallthrough={"variation": "off"}, rules=[rule(compare("t", "within_last", "1s"))])
    flags = {f"f{number}": recent for number in range(5)} | {"bad": {}}
    snapshot.replace(environment(flags, revision=3))
    found = snapshot.evaluate_all({"id": "a", "t": 0})
    assert [one.value for one in found.values()] == [True] * 5 + [None]
    assert {one.revision for one in found.values()} == {3}
    assert found["bad"].error_code == ErrorCode.MALFORMED_FLAG
    assert next(moments) == 1


def test_outcomes_say_what_evaluations_say_and_stay_the_same_objects_until_their_flag_changes() -> None:
    snapshot = holding({"same": boolean(), "other": boolean(), "bad": {}}, revision=3)
    revision, first = snapshot.outcomes(ALICE)
    told = {
        key: (one.value, one.variation, one.reason, one.rule, getattr(one, "error_code", None)) for key, one in first
    }
    assert told == {
        key: (one.value, one.variation, one.reason, one.rule, one.error_code)
        for key, one in snapshot.evaluate_all(ALICE).items()
    }
    assert (revision, snapshot.outcome("same", ALICE)) == (3, (3, dict(first)["same"]))
    snapshot.apply(delta(3, 4, {"other": boolean(name="New")}))
    revision, second = snapshot.outcomes(ALICE)
    assert revision == 4
    assert [dict(first)[key] is dict(second)[key] for key in ("same", "other")] == [True, False]
    assert snapshot.outcome("none", ALICE)[1].error_code == ErrorCode.FLAG_NOT_FOUND  # type: ignore[union-attr]


def test_a_time_relative_flag_asks_the_clock_only_when_no_moment_is_given() -> None:
    recent = boolean(fallthrough={"variation": "off"}, rules=[rule(compare("t", "within_last", "1s"))])
    snapshot = holding({"f": recent}, now=1_000.0)
    assert snapshot.table["f"]({"id": "a", "t": 1_000}).value is True
    assert snapshot.table["f"]({"id": "a", "t": 5}, 5.5).value is True
    assert snapshot.explain("f", {"id": "a", "t": 5}, now=5.5)["value"] is True


def test_a_value_that_was_handed_out_may_be_changed() -> None:
    value = {"colours": ["red"], "deep": {"list": [{"a": 1}]}}
    snapshot = holding(
        {"f": boolean(type="json", variations=[{"key": "on", "value": value}, {"key": "off", "value": []}])}
    )
    outcome = snapshot.table["f"](ALICE)
    for given_out in (outcome.value, snapshot.detail("f", ALICE).value, snapshot.evaluate_all(ALICE)["f"].value):
        given_out["colours"].append("blue")
        given_out["deep"]["list"][0]["a"] = 2
    told = snapshot.explain("f", ALICE, now=0.0)["value"]
    told.clear()
    assert outcome.value == value
    assert (outcome.variation, outcome.reason, outcome.rule) == ("on", Reason.FALLTHROUGH, None)


def test_definitions_are_listed_by_key_and_refused_when_they_are_looked_up() -> None:
    definitions = Definitions(raws({"good": boolean(), "bad": {}}), raws({"s": {}}))
    flags = definitions.flags()
    assert (list(flags), len(flags), "bad" in flags, "none" in flags) == (["good", "bad"], 2, True, False)
    for _ in range(2):
        with pytest.raises(Malformed):
            flags["bad"]


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_out_of_date_is_let_go_when_others_may_go_on(whole: bool) -> None:
    """To free the decisions of 10,000 flags takes as long as to read them; nobody has to wait for it."""
    snapshot = holding({"f": boolean(), "g": boolean()})
    held: list[bool] = []
    gone = [
        weakref.ref(snapshot.table[key], lambda _: held.append(snapshot._lock._is_owned()))  # type: ignore[attr-defined]
        for key in ("f", "g")
    ]
    changed = {"f": boolean(enabled=False), "g": boolean(enabled=False)}
    if whole:
        snapshot.replace(json.dumps({"revision": 2, "flags": changed}).encode())
    else:
        snapshot.apply(delta(1, 2, changed))
    assert held == [False] * len(gone)
