"""Environments to test with: documents by hand, documents at random, and both forms of the decision."""

import json
from typing import Any

import msgspec
from flagsite_sdk.engine import InvalidContext, Malformed, Snapshot, UnknownFlag
from flagsite_sdk.engine.definitions import Definitions, Raws
from flagsite_sdk.engine.evaluate import evaluate
from hypothesis import strategies as st

NOW = 1_795_348_800.0
"""2026-11-22T12:00:00Z, a Sunday."""

Json = dict[str, Any]


def boolean(**changes: Any) -> Json:
    """A flag that is on for everybody."""
    return {
        "type": "boolean",
        "enabled": True,
        "hash": "xxh3",
        "salt": "salt",
        "variations": [{"key": "on", "value": True}, {"key": "off", "value": False}],
        "off_variation": "off",
        "fallthrough": {"variation": "on"},
    } | changes


def rule(condition: Json, serve: Json | None = None, **changes: Any) -> Json:
    """A rule that serves on."""
    return {"id": "rule", "if": condition, "serve": serve or {"variation": "on"}} | changes


def compare(attribute: str, operator: str, value: Any = None, **changes: Any) -> Json:
    """A comparison."""
    condition = {"attribute": attribute, "operator": operator, "value": value} | changes
    return {name: item for name, item in condition.items() if item is not None}


def environment(flags: Json, segments: Json | None = None, revision: int = 1) -> bytes:
    """A snapshot document."""
    return json.dumps({"revision": revision, "flags": flags, "segments": segments or {}}).encode()


def holding(flags: Json, segments: Json | None = None, *, revision: int = 1, now: float = NOW) -> Snapshot:
    """A snapshot that holds these."""
    snapshot = Snapshot(clock=lambda: now)
    snapshot.replace(environment(flags, segments, revision))
    return snapshot


def raws(documents: Json) -> Raws:
    """Documents as a snapshot keeps them."""
    return {key: msgspec.Raw(json.dumps(document).encode()) for key, document in documents.items()}


Answer = tuple[Any, ...]


def by_reference(flags: Json, segments: Json, key: str, context: Any, now: float = NOW) -> Answer:
    """What the readable form answers."""
    definitions = Definitions(raws(flags), raws(segments))
    try:
        found = evaluate(key, context, flags=definitions.flags(), segments=definitions.segments, now=now)
    except UnknownFlag:
        return (None, None, "ERROR", None, "FLAG_NOT_FOUND")
    except Malformed:
        return (None, None, "ERROR", None, "MALFORMED_FLAG")
    except InvalidContext:
        return (None, None, "ERROR", None, "INVALID_CONTEXT")
    return (found.value, found.variation, found.reason, found.rule, None)


def by_compiled(snapshot: Snapshot, key: str, context: Any) -> Answer:
    """What the compiled form answers."""
    found = snapshot.detail(key, context)
    return (found.value, found.variation, found.reason, found.rule, found.error_code)


# at random, from few words, so that things meet

TEXTS = ["", "a", "A", "ab", "b", "US", "us", "ß", "SS", "é", "1", "1.0.0", "2.0.0-rc.1", "10.0.0.1", "::1", "[a"]
TIMES = ["2026-11-22T12:00:00Z", "2026-11-01T00:00:00+02:00", "2025-11-22T12:00:00.5Z", "2026-11-22"]
NUMBERS: list[Any] = [0, 1, -1, 1.0, 2.5, 7, 2**63, int(NOW), NOW - 3600]
ATTRIBUTES = ["id", "a", "b", "o.p", "o.p.q", "missing"]
SEGMENTS = ["s0", "s1", "s2", "s3"]
FLAGS = ["f0", "f1", "f2", "f3"]

scalars = st.sampled_from([*TEXTS, *TIMES, *NUMBERS, True, False])
attribute_values = st.one_of(scalars, st.none(), st.lists(scalars, max_size=3), st.just({"x": 1}))
percentages = st.one_of(
    st.sampled_from([0, 0.001, 25, 50, 99.999, 100]), st.integers(0, 100_000).map(lambda n: n / 1_000)
)
bucket_bys = st.sampled_from(["id", "id", "a", "o.p"])


@st.composite
def contexts(draw: st.DrawFn) -> Json:
    context = draw(st.dictionaries(st.sampled_from(["a", "b", "o.p"]), attribute_values, max_size=3))
    context["id"] = draw(st.sampled_from(["", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "Zoë", "a"]))
    if draw(st.booleans()):
        context["o"] = draw(st.one_of(attribute_values, st.fixed_dictionaries({"p": attribute_values})))
    return context


_texts = st.sampled_from([text for text in TEXTS if text])
_text_values = st.one_of(_texts, st.lists(_texts, min_size=1, max_size=3))
_finite = st.sampled_from(NUMBERS)
_versions = st.sampled_from(["1.0.0", "1", "2.0", "2.0.0-rc.1", "1.0.0+x"])
_nets = st.sampled_from(["10.0.0.0/8", "10.0.0.1", "::/0", "::1"])
_lists = st.lists(scalars, min_size=1, max_size=5)
_times = st.sampled_from([TIMES[0], TIMES[1], TIMES[2], 0, int(NOW)])
_folding = {
    "equals": _texts,
    "in": _lists.filter(lambda values: any(isinstance(value, str) for value in values)),
    "any_of": _lists.filter(lambda values: any(isinstance(value, str) for value in values)),
    "all_of": _lists.filter(lambda values: any(isinstance(value, str) for value in values)),
    "contains": _text_values,
    "starts_with": _text_values,
    "ends_with": _text_values,
    "regex": st.sampled_from(["a", "^A$", "^.$", "é|ß", "[0-9]+"]),
}
_plain = {
    "equals": scalars,
    "in": _lists,
    "any_of": _lists,
    "all_of": _lists,
    "gt": _finite,
    "gte": _finite,
    "lt": _finite,
    "lte": _finite,
    "before": _times,
    "after": _times,
    "within_last": st.sampled_from(["1s", "2h", "30d", "52w"]),
    "in_current": st.sampled_from(["day", "week", "month", "year"]),
    "ip_in": st.one_of(_nets, st.lists(_nets, min_size=1, max_size=2)),
    "exists": st.none(),
    **{f"semver_{way}": _versions for way in ("eq", "gt", "gte", "lt", "lte")},
}
NEGATED = {
    "equals": "not_equals",
    "in": "not_in",
    "any_of": "none_of",
    "contains": "not_contains",
    "starts_with": "not_starts_with",
    "ends_with": "not_ends_with",
    "regex": "not_regex",
    "ip_in": "not_ip_in",
    "exists": "not_exists",
}


@st.composite
def comparisons(draw: st.DrawFn) -> Json:
    ignore_case = draw(st.booleans())
    table = _folding if ignore_case else _plain | {name: _folding[name] for name in _folding if name not in _plain}
    name = draw(st.sampled_from(sorted(table)))
    condition = compare(draw(st.sampled_from(ATTRIBUTES)), name, draw(table[name]))
    if name in NEGATED and draw(st.booleans()):
        condition["operator"] = NEGATED[name]
    if ignore_case:
        condition["ignore_case"] = True
    return condition


def conditions(segments: list[str]) -> st.SearchStrategy[Json]:
    """Conditions that may name these segments."""
    leaves = st.one_of(comparisons(), comparisons(), st.just({"everyone": True}))
    if segments:
        leaves = st.one_of(leaves, st.sampled_from(segments).map(lambda key: {"segment": key}))
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.lists(parts, min_size=1, max_size=3).map(lambda found: {"all": found}),
            st.lists(parts, min_size=1, max_size=3).map(lambda found: {"any": found}),
            parts.map(lambda found: {"not": found}),
        ),
        max_leaves=6,
    )


@st.composite
def serves(draw: st.DrawFn) -> Json:
    if draw(st.booleans()):
        serve: Json = {"variation": draw(st.sampled_from("xyz"))}
    else:
        first, second = sorted((draw(st.integers(0, 100_000)), draw(st.sampled_from([0, 33_333, 100_000]))))
        weights = (first, second - first, 100_000 - second)
        serve = {
            "split": [
                {"variation": key, "weight": buckets / 1_000} for key, buckets in zip("xyz", weights, strict=True)
            ]
        }
    if draw(st.booleans()):
        serve["bucket_by"] = draw(bucket_bys)
    return serve


def segments_of(keys: list[str]) -> st.SearchStrategy[Json]:
    """A segment that may contain these."""
    ids = st.lists(st.sampled_from(["u1", "u2", "u3"]), unique=True, max_size=2)
    return st.fixed_dictionaries({}, optional={"if": conditions(keys), "included": ids, "excluded": ids})


@st.composite
def flags_of(draw: st.DrawFn, segments: list[str], flags: list[str]) -> Json:
    """A flag that may lean on these."""
    wanted = draw(st.lists(st.sampled_from(flags), unique=True, max_size=2)) if flags else []
    targeted = draw(st.lists(st.sampled_from(["u1", "u2"]), unique=True, max_size=2))
    rules = draw(st.lists(st.tuples(conditions(segments), serves(), percentages), max_size=3))
    return {
        "type": "json",
        "enabled": draw(st.sampled_from([True, True, True, False])),
        "hash": "xxh3",
        "salt": draw(st.sampled_from(["s", "salz"])),
        "variations": [{"key": "x", "value": 1}, {"key": "y", "value": {"deep": [1]}}, {"key": "z", "value": None}],
        "off_variation": draw(st.sampled_from("xyz")),
        "fallthrough": draw(serves()),
        "rollout_percentage": draw(percentages),
        "targets": [{"variation": "z", "ids": targeted}] if targeted else [],
        "prerequisites": [{"flag": key, "variation": draw(st.sampled_from("xyz"))} for key in wanted],
        "rules": [
            {"id": f"r{number}", "if": condition, "serve": serve, "rollout_percentage": percentage}
            for number, (condition, serve, percentage) in enumerate(rules)
        ],
    }


@st.composite
def environments(draw: st.DrawFn, *, sound: bool = False) -> tuple[Json, Json]:
    """Flags and segments that lean on each other; unless sound, in circles and on what is broken or missing."""
    segments: Json = {}
    flags: Json = {}
    for number, key in enumerate(SEGMENTS):
        segments[key] = draw(segments_of(SEGMENTS[:number] if sound else [*SEGMENTS[: number + 1]]))
    for number, key in enumerate(FLAGS):
        others = FLAGS[:number] if sound else [one for one in FLAGS if one != key]
        flags[key] = draw(flags_of(SEGMENTS, others))
    if not sound:
        for documents in (segments, flags):
            for key in draw(st.sets(st.sampled_from(sorted(documents)), max_size=1)):
                if draw(st.booleans()):
                    del documents[key]
                else:
                    documents[key] = {"broken": True}
    return flags, segments
