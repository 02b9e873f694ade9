"""What is said of the bucket space is true: tried with an id in every tenth of the gates and of the splits."""

from itertools import product
from typing import Any

from flagsite_sdk.engine.bucketing import bucket
from flagsite_sdk.engine.wire import read_flag
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.impact import Kind, StageMoves
from flags.impact.buckets import stage_moves
from flags.impact.moves import Side, kind_of
from sdk_python.tests.engine.environments import Json, boolean, by_compiled, compare, holding

KINDS = (Kind.GAIN, Kind.LOSE, Kind.SWITCH)
TENTHS = range(0, 101, 10)
EVERYBODY = [
    {name: value for name, value in (("plan", plan), ("country", country)) if value}
    for plan, country in product(("pro", "free", None), ("US", "DE", None))
]
"""Whoever the conditions below can tell apart."""


def _an_id_in_every_tenth() -> list[str]:
    found: dict[tuple[int, int], str] = {}
    number = 0
    while len(found) < 100:
        name = f"user-{number}"
        found.setdefault((bucket("salt", "rollout", name) // 10_000, bucket("salt", "split", name) // 10_000), name)
        number += 1
    return list(found.values())


IDS = _an_id_in_every_tenth()

conditions = st.recursive(
    st.sampled_from(
        [
            {"everyone": True},
            compare("plan", "equals", "pro"),
            compare("plan", "not_equals", "pro"),
            compare("country", "in", ["US", "DE"]),
            compare("country", "equals", "US"),
            compare("plan", "exists"),
        ]
    ),
    lambda parts: st.one_of(
        st.lists(parts, min_size=2, max_size=2).map(lambda found: {"all": found}),
        st.lists(parts, min_size=2, max_size=2).map(lambda found: {"any": found}),
    ),
    max_leaves=2,
)


@st.composite
def steps(draw: st.DrawFn) -> Json:
    """A percentage and what is served, in whole tenths."""
    first, second = sorted((draw(st.sampled_from(TENTHS)), draw(st.sampled_from(TENTHS))))
    weights = zip(draw(st.permutations(["off", "a", "b"])), (first, second - first, 100 - second), strict=True)
    split = {"split": [{"variation": key, "weight": weight} for key, weight in weights]}
    serve = draw(st.sampled_from([split, {"variation": "a"}, {"variation": "b"}, {"variation": "off"}]))
    return {"rollout_percentage": draw(st.sampled_from([*TENTHS, 100, 100])), "serve": serve}


@st.composite
def changes(draw: st.DrawFn) -> tuple[Json, Json]:
    """A flag before and after: its rules keep their order and conditions, come, go, and are let in otherwise."""
    pool = [{"id": f"r{n}", "if": draw(conditions)} | draw(steps()) for n in range(draw(st.integers(1, 3)))]
    default = draw(steps())

    def side() -> Json:
        rules = [
            rule | draw(st.one_of(st.just({}), steps())) for rule in pool if draw(st.sampled_from([True, True, False]))
        ]
        own = draw(st.one_of(st.just(default), steps()))
        variations = [{"key": key, "value": key} for key in ("off", "a", "b")]
        return boolean(
            type="string",
            variations=variations,
            rules=rules,
            rollout_percentage=own["rollout_percentage"],
            fallthrough=own["serve"],
            enabled=draw(st.sampled_from([True, True, True, False])),
        )

    return side(), side()


class Tried:
    """A flag that is put to the engine, with everybody."""

    def __init__(self, flag: Json) -> None:
        self.flag = flag
        asking = {
            one["id"]: boolean(rules=[{"id": "asked", "if": one["if"], "serve": {"variation": "on"}}])
            for one in flag["rules"]
        }
        self._held = holding({"flag": flag} | asking)

    def decided(self, who: Json, name: str) -> tuple[str | None, str | None]:
        """What somebody is served, and by which rule; the default rule and nobody are deciders, too."""
        _, variation, reason, rule, _ = by_compiled(self._held, "flag", {"id": name, **who})
        return variation, rule or ("default" if reason in {"FALLTHROUGH", "OUTSIDE_ROLLOUT"} else None)

    def audience(self, rule: str) -> list[Json]:
        """Those whom a rule matches and no rule before takes as a whole, by what conditions can tell apart."""
        found = list(EVERYBODY)
        for one in self.flag["rules"]:
            if one["id"] == rule:
                return [who for who in found if self._holds(one["id"], who)]
            if one["rollout_percentage"] == 100:
                found = [who for who in found if not self._holds(one["id"], who)]
        return found

    def _holds(self, rule: str, who: Json) -> bool:
        return bool(by_compiled(self._held, rule, {"id": "x", **who})[3])

    @property
    def rules(self) -> list[str]:
        return [rule["id"] for rule in self.flag["rules"]]

    def own(self, rule: str) -> Any:
        """What a rule, or the default rule, does with those whom it matches."""
        if rule == "default":
            return self.flag["enabled"], self.flag["rollout_percentage"], self.flag["fallthrough"]
        found = next((one for one in self.flag["rules"] if one["id"] == rule and self.flag["enabled"]), None)
        return found and (found["rollout_percentage"], found["serve"])


def tried(before: Tried, after: Tried, who: Json, rule: str) -> dict[Kind, int]:
    """In percent, who gains, loses and switches where the rule decides, before or after."""
    counted = dict.fromkeys(KINDS, 0)
    for name in IDS:
        (was, decider), (is_, other) = before.decided(who, name), after.decided(who, name)
        kind = kind_of(was, is_, Side("off"), Side("off"))
        if kind in counted and rule in (decider, other):
            counted[kind] += 1
    return counted


@settings(max_examples=80)
@given(changes())
def test_exact_shares_are_true_of_everybody_and_bounds_are_passed_by_nobody(change: tuple[Json, Json]) -> None:
    before, after = (Tried(flag) for flag in change)
    moves = stage_moves(*(read_flag("f", flag) for flag in change))
    told: dict[str, StageMoves] = {stage.rule or "default": stage for stage in moves}
    home = after if after.flag["enabled"] else before
    for rule in dict.fromkeys([*home.rules, *before.rules, "default"]):
        if before.own(rule) == after.own(rule):
            assert rule not in told
            continue
        stage = told.get(rule)
        assert stage is None or not (stage.is_expected or stage.is_unknown)
        said = {kind: float(stage.moves.percent(kind)) if stage else 0 for kind in KINDS}
        for who in (home if rule in (*home.rules, "default") else before).audience(rule):
            found = tried(before, after, who, rule)
            if stage is not None and stage.is_at_most:
                assert all(found[kind] <= said[kind] for kind in KINDS)
            else:
                assert found == said


@settings(max_examples=80)
@given(changes())
def test_whoever_loses_is_told_of(change: tuple[Json, Json]) -> None:
    if any(stage.may_take for stage in stage_moves(*(read_flag("f", flag) for flag in change))):
        return
    before, after = (Tried(flag) for flag in change)
    for who, name in product(EVERYBODY, [*IDS[:30], ""]):
        was, is_ = before.decided(who, name)[0], after.decided(who, name)[0]
        assert kind_of(was, is_, Side("off"), Side("off")) is not Kind.LOSE
