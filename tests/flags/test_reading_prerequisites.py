"""Prerequisites that never hold, and what is said of segments and of what cannot be used."""

import pytest

from flags.reading import Code
from sdk_python.tests.engine.environments import Json, boolean, by_reference
from tests.flags.readings import DE, EVERYONE, HALVES, US, codes, of_segment, read, ruled

NEVER = [
    ({}, "There is no flag base."),
    ({"base": {"broken": True}}, "The flag base cannot be used, so it serves nothing."),
    ({"base": boolean(enabled=False)}, "The flag base is off here, and then it serves off, not on."),
    (
        {"base": boolean(rollout_percentage=0)},
        "No target, no rule and not the default rule of the flag base serves on to anybody.",
    ),
    (
        {"base": boolean(prerequisites=[{"flag": "gone", "variation": "on"}])},
        "The flag base serves off to everybody, as a prerequisite of it never holds. There is no flag gone.",
    ),
]


@pytest.mark.parametrize(("others", "proof"), NEVER, ids=[proof for _, proof in NEVER])
def test_a_prerequisite_that_never_holds_is_proved_to_be_one(others: Json, proof: str) -> None:
    flag = boolean(prerequisites=[{"flag": "base", "variation": "on"}])
    (finding,) = read(flag, **others)
    assert (finding.code, finding.where, finding.proof) == (Code.PREREQUISITE_NEVER_HOLDS, "prerequisites[0]", proof)
    assert by_reference({"f": flag, **others}, {}, "f", {"id": "x"})[:3] == (False, "off", "PREREQUISITE_FAILED")


@pytest.mark.parametrize(
    ("base", "variation"),
    [
        (boolean(), "on"),
        (boolean(enabled=False), "off"),
        (boolean(rollout_percentage=10), "off"),
        (boolean(rollout_percentage=0, targets=[{"variation": "on", "ids": ["a"]}]), "on"),
        (boolean(rollout_percentage=0, rules=[{"id": "r", "if": US, "serve": HALVES}]), "on"),
        (boolean(prerequisites=[{"flag": "gone", "variation": "on"}]), "off"),
    ],
)
def test_a_prerequisite_that_may_hold_is_let_alone(base: Json, variation: str) -> None:
    assert read(boolean(prerequisites=[{"flag": "base", "variation": variation}]), base=base) == ()


def test_flags_that_require_each_other_cannot_be_used_and_nothing_is_said_of_them() -> None:
    flag = boolean(prerequisites=[{"flag": "base", "variation": "on"}])
    assert read(flag, base=boolean(prerequisites=[{"flag": "f", "variation": "on"}])) == ()


# segments


def test_a_segment_is_read_like_a_rule() -> None:
    assert [one.says for one in of_segment(s={})] == ["The segment is empty."]
    assert codes(of_segment(s={"if": {"all": [US, DE]}})) == [(Code.MATCHES_NOBODY, "if")]
    assert codes(of_segment(s={"if": {"any": [US, {"not": {"segment": "t"}}]}}, t={"if": US})) == [
        (Code.MATCHES_EVERYBODY, "if")
    ]
    assert of_segment(s={"if": US}) == of_segment(s={"included": ["a"]}) == of_segment(s={"if": EVERYONE}) == ()


def test_of_what_cannot_be_used_nothing_is_said() -> None:
    assert read({"broken": True}) == ()
    assert read(ruled({"if": {"segment": "gone"}})) == ()
    assert of_segment(s={"if": {"segment": "s"}}) == of_segment(t={}) == ()
