"""The compiled form by itself: no text becomes code, shapes share code, and what is too large is left alone."""

import ast
import json
from types import FunctionType
from typing import Any

import pytest
from flagsite_sdk.engine.compile import _GLOBALS, LARGEST, code_of
from flagsite_sdk.engine.linking import LONGEST_CHAIN
from flagsite_sdk.engine.source import Writer
from flagsite_sdk.engine.wire import read_flag, read_segment
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
    environments,
    holding,
    rule,
)

ALICE = {"id": "alice", "country": "US"}
EVIL = '"""); __import__("os").abort() # {0} {read} %s \\ \n\t\'"'


def source_of(flag: Json, segments: Json | None = None) -> str:
    read = {key: read_segment(key, document) for key, document in (segments or {}).items()}
    writer = Writer(read_flag("f", flag), read, lambda decision: decision)  # type: ignore[arg-type,return-value]
    writer.write({}, lambda: 0.0)
    return writer.text


def is_compiled(decide: Any) -> bool:
    return isinstance(decide, FunctionType) and decide.__code__.co_filename == "<flagsite>"


def test_what_a_user_writes_never_becomes_source() -> None:
    flag = boolean(
        salt=EVIL,
        type="string",
        variations=[{"key": "on", "value": EVIL}, {"key": "off", "value": ""}],
        targets=[{"variation": "on", "ids": [EVIL]}],
        rollout_percentage=50,
        fallthrough={"variation": "on", "bucket_by": EVIL},
        rules=[
            rule(
                compare(EVIL, operator, EVIL),
                {"variation": "on", "bucket_by": EVIL + ".x"},
                id=f"r{number}",
                rollout_percentage=7,
            )
            for number, operator in enumerate(("equals", "contains", "starts_with", "not_ends_with"))
        ]
        + [rule(compare(EVIL, "in", [EVIL, 1]), id="in"), rule({"segment": "s"}, id="s")],
    )
    segments = {"s": {"included": [EVIL], "excluded": [EVIL + "2"], "if": compare("a", "any_of", [EVIL])}}
    text = source_of(flag, segments)
    assert "import" not in text
    assert "abort" not in text
    assert holding({"f": flag}, segments).detail("f", {"id": EVIL}).value == EVIL


NAMES = {
    "context",
    "now",
    "i",
    "v",
    "d",
    "type",
    "dict",
    "str",
    "int",
    "float",
    "isinstance",
    "len",
    "KeyError",
    "UnicodeEncodeError",
}


@settings(max_examples=20)
@given(environments(sound=True))
def test_source_has_only_names_and_constants_that_were_made_up_for_it(environment: tuple[Json, Json]) -> None:
    flags, segments = environment
    for key in FLAGS:
        for node in ast.walk(ast.parse(source_of(flags[key], segments))):
            if isinstance(node, ast.Name):
                made_up = node.id[0] in "kahg" and node.id[1:].isdecimal()
                assert made_up or node.id in NAMES or node.id in _GLOBALS
            if isinstance(node, ast.Constant):
                assert node.value in {None, True, False, 64, 128, "id", "utf-8", "surrogatepass"}
            if isinstance(node, ast.Attribute):
                assert node.attr in {"get", "variation", "casefold", "encode", "startswith", "endswith"}


def test_flags_of_one_shape_share_their_code() -> None:
    flags = {f"f{n}": boolean(salt=f"s{n}", rules=[rule(compare(f"a{n}", "equals", f"v{n}"))]) for n in range(50)}
    snapshot = holding(flags)
    functions: list[Any] = [snapshot.table[key] for key in flags]
    assert len({id(one.__code__) for one in functions}) == 1


def test_code_objects_are_kept_up_to_a_bound() -> None:
    assert code_of.cache_info().maxsize is not None


def test_a_digest_is_taken_once_for_all_gates_of_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    digest = _GLOBALS["digest"]

    def listening(text: bytes) -> int:
        calls.append(text)
        return int(digest(text))

    monkeypatch.setitem(_GLOBALS, "digest", listening)
    rules = [rule({"everyone": True}, id=f"r{n}", rollout_percentage=0.001) for n in range(5)]
    snapshot = holding({"f": boolean(rules=rules, rollout_percentage=0.001)})
    snapshot.detail("f", ALICE)
    assert calls == [b"salt.rollout.alice"]


def agree(flags: Json, segments: Json, key: str, compiled: bool) -> None:
    snapshot = holding(flags, segments)
    for context in (ALICE, {"id": "bob"}, {"id": "alice", "country": "US"}, {}):
        assert by_compiled(snapshot, key, context) == by_reference(flags, segments, key, context)
    assert is_compiled(snapshot.table[key]) is compiled


US = compare("country", "equals", "US")


def test_segments_that_multiply_each_other_are_decided_by_the_reference() -> None:
    segments: Json = {"s0": {"if": US}}
    for level in range(1, 30):
        inner = {"segment": f"s{level - 1}"}
        segments[f"s{level}"] = {"if": {"all": [inner, inner]}}
    flag = boolean(fallthrough={"variation": "off"}, rules=[rule({"segment": "s29"})])
    agree({"f": flag, "uses": boolean(prerequisites=[{"flag": "f", "variation": "on"}])}, segments, "f", compiled=False)
    agree(
        {"f": flag, "uses": boolean(prerequisites=[{"flag": "f", "variation": "on"}])}, segments, "uses", compiled=True
    )


def test_segments_in_a_very_long_chain_are_decided_by_the_reference() -> None:
    segments: Json = {f"s{n}": {"if": {"segment": f"s{n + 1}"}} for n in range(3_000)} | {"s3000": {"if": US}}
    agree(
        {"f": boolean(fallthrough={"variation": "off"}, rules=[rule({"segment": "s0"})])}, segments, "f", compiled=False
    )


def test_a_flag_with_thousands_of_comparisons_is_decided_by_the_reference() -> None:
    flag = boolean(rules=[rule({"any": [compare("n", "equals", n) for n in range(LARGEST)]})])
    agree({"f": flag}, {}, "f", compiled=False)


def test_prerequisites_in_a_very_long_chain_are_decided_by_the_reference() -> None:
    flags: Json = {f"f{n}": boolean(prerequisites=[{"flag": f"f{n + 1}", "variation": "on"}]) for n in range(3_000)}
    flags["f3000"] = boolean(fallthrough={"variation": "off"}, rules=[rule(US), rule({"segment": "s"}, id="s")])
    agree(flags, {"s": {"included": ["carol"]}}, "f0", compiled=False)
    agree(flags, {"s": {"included": ["carol"]}}, "f2990", compiled=True)


def test_prerequisites_that_multiply_each_other_are_decided_by_the_reference() -> None:
    flags: Json = {"f0": boolean(fallthrough={"variation": "off"}, rules=[rule(US)])}
    for level in range(1, 25):
        for side in ("f", "g"):
            wanted = [
                {"flag": f"{one}{level - 1}", "variation": "on"} for one in ("f", "g") if f"{one}{level - 1}" in flags
            ]
            flags[f"{side}{level}"] = boolean(prerequisites=wanted)
    assert LONGEST_CHAIN > 24
    agree(flags, {}, "f24", compiled=False)


def test_what_the_reference_decides_is_of_one_revision_and_dropped_like_the_rest() -> None:
    flags: Json = {f"f{n}": boolean(prerequisites=[{"flag": f"f{n + 1}", "variation": "on"}]) for n in range(50)}
    flags |= {"f50": boolean(prerequisites=[{"flag": "none", "variation": "on"}]), "broken": {}}
    flags["f49"]["prerequisites"].append({"flag": "broken", "variation": "on"})
    flags["f48"]["rules"] = [rule({"segment": "missing"})]
    snapshot = holding(flags)
    assert snapshot.detail("f0", ALICE).reason == "PREREQUISITE_FAILED"
    changed = {"f48": boolean()}
    snapshot.apply(json.dumps({"since": 1, "revision": 2, "flags": changed}).encode())
    assert snapshot.detail("f0", ALICE).reason == "FALLTHROUGH"
    assert by_compiled(snapshot, "f0", ALICE) == by_reference(flags | changed, {}, "f0", ALICE)


@given(st.sampled_from(SEGMENTS))
def test_a_segment_used_twice_is_written_out_twice(key: str) -> None:
    segments: Json = {key: {"if": {"all": [US, compare("o.p", "exists")]}}}
    flags = {
        "f": boolean(
            rules=[rule({"not": {"segment": key}}, id="a"), rule({"segment": key}, {"variation": "off"}, id="b")]
        )
    }
    agree(flags, segments, "f", compiled=True)
