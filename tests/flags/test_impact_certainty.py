"""How far the stages of the bucket space speak for everybody, seen or not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flags.impact import Kind, impact_of
from sdk_python.tests.engine.environments import (
    NOW,
    Json,
    boolean,
    contexts,
    environment,
    environments,
    rule,
)
from tests.flags.test_impact_buckets import PRO, split, three_document

tenths = st.integers(0, 10).map(lambda n: n * 10)


@pytest.mark.parametrize(
    ("changes", "for_everybody", "surely_taken"),
    [
        ({"rollout_percentage": 80}, True, False),
        ({"rollout_percentage": 20}, True, True),
        ({"fallthrough": split(a=10, b=90)}, True, False),
        ({"fallthrough": {"variation": "b"}}, True, False),
        ({"fallthrough": split(a=50, b=50) | {"bucket_by": "team"}}, True, False),
        ({"rules": [rule(PRO, {"variation": "off"})]}, True, False),  # there may be nobody of whom it holds
        ({"enabled": False}, True, False),
        ({"salt": "other"}, False, False),
        ({"targets": [{"variation": "a", "ids": ["x"]}]}, False, False),
    ],
)
def test_stages_alone_speak_for_everybody(changes: Json, for_everybody: bool, surely_taken: bool) -> None:
    before = boolean(
        type="string",
        variations=[{"key": key, "value": key} for key in ("off", "on", "a", "b")],
        fallthrough=split(a=50, b=50),
        rollout_percentage=50,
    )
    impact = impact_of(environment({"f": before}), flags={"f": before | changes}, contexts=[], now=NOW)
    assert (impact.speaks_for_everybody, impact.somebody_loses) == (for_everybody, surely_taken)


def test_a_rule_that_is_moved_takes_people_of_whom_no_stage_tells() -> None:
    rules = [rule(PRO, {"variation": "a"}) | {"id": "one"}, rule(PRO, {"variation": "off"}) | {"id": "two"}]
    before, after = (three_document(rules=order) for order in (rules, rules[::-1]))
    impact = impact_of(environment({"f": before}), flags={"f": after}, contexts=[], now=NOW)
    assert (impact.flags[0].stages, impact.speaks_for_everybody) == ((), False)


def test_what_changes_beside_a_flag_it_does_not_speak_of() -> None:
    flags = {"base": boolean(), "f": boolean(prerequisites=[{"flag": "base", "variation": "on"}])}
    flags["g"] = boolean(rules=[rule({"segment": "s"})], rollout_percentage=0)
    lower = {"base": boolean(enabled=False), "f": flags["f"] | {"rollout_percentage": 50}}
    both = impact_of(environment(flags), flags=lower, contexts=[], now=NOW)
    assert [flag.speaks_for_everybody for flag in both.flags] == [True, False]
    held = environment(flags, {"s": {"included": ["x"]}})
    emptied = {"segments": {"s": {"included": []}}, "flags": {"g": flags["g"] | {"rollout_percentage": 1}}}
    (changed,) = impact_of(held, **emptied, contexts=[], now=NOW).flags
    assert not changed.speaks_for_everybody


def test_a_flag_that_leans_on_a_changed_one_may_change_for_people_nobody_has_seen() -> None:
    flags = {"f": boolean(), "g": boolean(prerequisites=[{"flag": "f", "variation": "on"}])}
    changed = {"f": boolean(rollout_percentage=50)}
    assert not impact_of(environment(flags), flags=changed, contexts=[], now=NOW).speaks_for_everybody


def _recut(flag: Json, data: st.DataObject) -> Json:
    """The flag with other percentages, and with other weights in its splits."""

    def recut(serve: Json) -> Json:
        if "split" not in serve:
            return serve
        first, second = sorted((data.draw(tenths), data.draw(tenths)))
        weights = (first, second - first, 100 - second)
        return serve | {"split": [one | {"weight": new} for one, new in zip(serve["split"], weights, strict=True)]}

    rules = [one | {"serve": recut(one["serve"]), "rollout_percentage": data.draw(tenths)} for one in flag["rules"]]
    fallthrough = recut(flag["fallthrough"])
    return flag | {"rules": rules, "fallthrough": fallthrough, "rollout_percentage": data.draw(tenths)}


@settings(max_examples=30)
@given(environments(sound=True), st.lists(contexts(), min_size=30, max_size=30), st.data())
def test_where_no_stage_has_a_loss_and_only_buckets_change_nobody_loses(
    found: tuple[Json, Json], people: list[Json], data: st.DataObject
) -> None:
    flags, segments = found
    changed = {"f0": _recut(flags["f0"], data)}
    before = environment({"f0": flags["f0"]}, segments)
    (flag,) = impact_of(before, flags=changed, contexts=people, now=NOW).flags
    assert flag.speaks_for_everybody
    if not any(stage.may_take for stage in flag.stages):
        assert flag.count(Kind.LOSE) == 0
