"""Whatever bytes come as a configuration: it is refused whole, or decides, and what is broken in it spoils no other."""

import json
import time
from typing import Any

import pytest
from flagsite_sdk.engine import Gap, InvalidContext, Malformed, Snapshot, UnknownFlag
from flagsite_sdk.engine.result import ErrorCode

from sdk_python.tests.engine.conformance import Case
from sdk_python.tests.engine.environments import boolean, by_compiled, by_reference, compare, holding, rule
from sdk_python.tests.fuzz.mutations import ROUNDS, Mutations

PATIENCE = 1.0
"""Seconds of CPU for one input; it takes less than a millisecond."""
HUGE = 10**400
SOUND = boolean(rules=[{"id": "a", "if": {"everyone": True}, "serve": {"variation": "on"}}])


def read(data: bytes, context: Any, now: float) -> Snapshot | None:
    """Hold a configuration and ask it everything; None when it is refused."""
    snapshot = Snapshot(clock=lambda: now)
    try:
        snapshot.replace(data)
    except Malformed:
        return None
    decided = snapshot.evaluate_all(context)
    for key in snapshot.keys():  # noqa: SIM118 - it is no mapping
        assert snapshot.detail(key, context) == decided[key]
        assert decided[key].error_code is not ErrorCode.GENERAL, decided[key].error
        try:
            snapshot.explain(key, context, now=now)
        except (InvalidContext, Malformed):
            assert decided[key].error_code in {ErrorCode.INVALID_CONTEXT, ErrorCode.MALFORMED_FLAG}
    written = Snapshot(clock=lambda: now)
    written.replace(snapshot.to_json())
    assert written.evaluate_all(context) == decided
    return snapshot


def test_a_wrong_configuration_is_refused_or_decides() -> None:
    mutations, held = Mutations(), 0
    for _ in range(ROUNDS):
        data, case = mutations.document()
        began = time.process_time()
        try:
            held += read(data, case.context, case.now) is not None
        except Exception as error:
            raise AssertionError(f"{data!r} for {case.context!r}") from error
        assert time.process_time() - began < PATIENCE, data
    assert ROUNDS / 10 < held < ROUNDS * 9 / 10, "both happen"


def wrong_flags(mutations: Mutations, case: Case) -> dict[str, Any]:
    """The case's flags with something wrong in them, in a document that is JSON: a lone surrogate would end it."""
    while True:
        flags = mutations.altered({"flags": case.flags}).get("flags")
        if isinstance(flags, dict) and "\\ud800" not in json.dumps(flags):
            return flags


def test_a_wrong_flag_spoils_no_other() -> None:
    mutations = Mutations()
    for _ in range(ROUNDS):
        case = mutations.case()
        flags = wrong_flags(mutations, case) | {"sound": SOUND}
        data = json.dumps({"revision": 1, "flags": flags, "segments": case.segments}).encode()
        found = read(data, {"id": "ann"}, case.now)
        assert found is not None, data
        assert found.detail("sound", {"id": "ann"}).value is True, data


def test_a_wrong_delta_changes_nothing_or_leads_to_its_revision() -> None:
    mutations, applied = Mutations(), 0
    for _ in range(ROUNDS):
        case = mutations.case()
        snapshot = Snapshot(clock=lambda: 0.0)
        snapshot.replace(json.dumps(case.snapshot).encode())
        before = snapshot.to_json()
        after = mutations.case().snapshot
        delta = json.dumps({**mutations.altered(after), "since": 1, "revision": 2}).encode()
        if mutations.random.random() < 1 / 2:
            delta = mutations.spoilt(delta)
        try:
            applied += snapshot.apply(delta)
        except (Malformed, Gap):
            assert snapshot.to_json() == before
        assert all(one.error_code is not ErrorCode.GENERAL for one in snapshot.evaluate_all(case.context).values())
    assert applied > ROUNDS / 10


def test_a_wrong_flag_is_decided_alike_by_both_forms() -> None:
    mutations = Mutations()
    for _ in range(ROUNDS // 2):
        case = mutations.case()
        flags = wrong_flags(mutations, case)
        ours = by_compiled(holding(flags, case.segments, now=case.now), case.flag, case.context)
        assert ours == by_reference(flags, case.segments, case.flag, case.context, case.now), flags


@pytest.mark.parametrize(
    "data", [b"", b"{", b"null", b'{"revision":1,"flags":{"a":' + b"[" * 100_000, b'{"revision":1}']
)
def test_what_is_no_configuration_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        Snapshot(clock=lambda: 0.0).replace(data)


def test_an_unknown_flag_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownFlag):
        Snapshot(clock=lambda: 0.0).explain("nothing", {"id": "ann"}, now=0.0)


@pytest.mark.parametrize("operator", ["equals", "in", "not_in", "gt", "before", "within_last", "any_of"])
def test_a_number_past_all_floats_is_refused_in_a_condition(operator: str) -> None:
    value = [HUGE] if operator in {"in", "not_in", "any_of"} else HUGE
    flags = {"f": boolean(rules=[rule(compare("a", operator, value))])}
    assert holding(flags).detail("f", {"id": "ann"}).error_code is ErrorCode.MALFORMED_FLAG


@pytest.mark.parametrize(
    ("operator", "value"), [("before", 0), ("after", 0), ("within_last", "1d"), ("in_current", "day")]
)
def test_an_attribute_past_all_floats_is_no_time(operator: str, value: Any) -> None:
    flags = {"f": boolean(rules=[rule(compare("a", operator, value))])}
    found = holding(flags).detail("f", {"id": "ann", "a": HUGE})
    assert (found.reason, found.error_code) == ("FALLTHROUGH", None)
    assert holding(flags).explain("f", {"id": "ann", "a": HUGE}, now=0.0)["reason"] == "FALLTHROUGH"
