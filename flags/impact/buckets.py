r"""What a change does to the bucket space: whole numbers of places, no context needed.

A **stage** is the default rule or one rule. Told are the stages that change, come or go; their share is one of their
audience (flags/impact/audiences.py), and it counts those moves in which the stage decides, before or after. What is
served on the other side is what the whole flag serves there: what lies below a new rule, what lay below a gone one.

A place is a bucket g of the gates and a bucket s of the splits, which are hashed apart, so all 100,000² are equally
likely. Every step serves the same on the rectangles between neighbouring boundaries; so the share is the sum of
|G|·|S| over the rectangles where before and after make the move.

Where other rules match some of the audience, or it is not known whether they do, every case is counted, and the most
that any case has of a kind of move is a **bound**. Where more than one bucketing has a say (another `bucket_by`,
another salt), buckets of one say nothing of those of the other, and the share is what is to be **expected**.

Who has no value to bucket by is in no place. Whether such contexts may lose is told beside the shares.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from math import prod
from typing import Final, TypeAlias

from flagsite_sdk.engine.model import BUCKETS, Flag, Segment

from flags.impact.audiences import Allowance, Audience, Audiences, Case, TooManyCases
from flags.impact.chains import Bucketing, Chain, Place, Step
from flags.impact.moves import Kind, Moves, Side, kind_of, revalued
from flags.reading.logic import Logic

_MARKS: Final = b"old ", b"new "

Segments: TypeAlias = Mapping[str, Segment]
_Sides: TypeAlias = tuple[Chain, Chain]
_Pair: TypeAlias = tuple[Step | None, Step | None]
"""A step before and after."""
_Fallen: TypeAlias = tuple[Bucketing, int, tuple[int, int] | None]
"""A stretch of one bucketing: how many places it has, and one of them."""


@dataclass(frozen=True)
class StageMoves:
    """What happens to the audience of one stage; `rule` is None for the default rule.

    `of_its_own` are the parts that change: `rollout`, `split`; none where the whole stage comes or goes.
    `is_rest`: rules before it take some of those whom it matches, and are left out. `is_reshuffled`: it buckets anew.
    `is_expected`: buckets of several bucketings, which cannot be followed. `is_at_most`: bounds, for each kind of move.
    `is_unknown`: nothing was counted. `others_may_lose`: some who have no value to bucket by.
    """

    rule: str | None
    name: str
    moves: Moves
    of_its_own: tuple[str, ...] = ()
    is_rest: bool = False
    is_reshuffled: bool = False
    is_expected: bool = False
    is_at_most: bool = False
    is_unknown: bool = False
    others_may_lose: bool = False

    @property
    def may_take(self) -> bool:
        """Tell whether somebody may lose by it."""
        return bool(self.moves.lose) or self.is_unknown or self.others_may_lose

    @property
    def surely_takes(self) -> bool:
        """Tell whether some of its audience lose by it, if it has one."""
        return bool(self.moves.lose) and not self.is_at_most

    @property
    def changes_anything(self) -> bool:
        """Tell whether there is anything to be told."""
        return self.moves.moves_anybody or self.is_unknown or self.others_may_lose


@dataclass(frozen=True)
class _Count:
    """What is counted of one case."""

    moves: Moves
    bucketings: int
    others_lose: bool


def stage_moves(
    before: Flag | None,
    after: Flag | None,
    *,
    segments: tuple[Segments, Segments] = ({}, {}),
    shared: bool = True,
    now: float = 0,
) -> tuple[StageMoves, ...]:
    """Return the stages in which buckets move: rules in the order of the new flag, then gone ones, the default rule.

    Args:
        before: The flag as it is, None when there is none or it cannot be used.
        after: The flag as it would be, likewise.
        segments: The environment's segments, before and after; all that the flags reach are usable.
        shared: Whether the segments that they reach are the same before and after.
        now: The moment, in seconds since 1970.
    """
    old, new = (
        Chain.of(flag, mark=b"" if shared else mark) for flag, mark in zip((before, after), _MARKS, strict=True)
    )
    opaque = (b"", b"") if shared else _MARKS
    allowance = Allowance()
    audiences = {
        id(new): Audiences(new, old, allowance, logic=Logic(segments[1], now=now), opaque=opaque[0]),
        id(old): Audiences(old, new, allowance, logic=Logic(segments[0], now=now), opaque=opaque[1]),
    }
    rules = dict.fromkeys(step.rule for step in (*new.steps, *old.steps) if step.rule is not None)
    found = []
    for rule in (*rules, None):
        pair = old.step(rule), new.step(rule)
        home, step = (new, pair[1]) if pair[1] is not None else (old, pair[0])
        if step is not None and _is_changed((old, new), pair):
            found.append(_stage((old, new), pair, step, audiences[id(home)]))
    return tuple(stage for stage in found if stage.changes_anything)


def _is_changed(sides: _Sides, pair: _Pair) -> bool:
    """Tell whether a step decides otherwise than before, whatever happens around it."""
    was, is_ = pair
    if was is None or is_ is None:
        return True
    own = (was.rollout, was.serve, was.bucketing) != (is_.rollout, is_.serve, is_.bucketing)
    return own or sides[0].nothing != sides[1].nothing


def _stage(sides: _Sides, pair: _Pair, step: Step, audiences: Audiences) -> StageMoves:
    try:
        audience = audiences.of(step)
        counts = _counts(*sides, step, audience, audiences.allowance)
    except TooManyCases:
        return StageMoves(step.rule, step.name, Moves(1), is_unknown=True)
    told = [count for count in counts if count.moves.of]
    of = max((count.moves.of for count in told), default=1)
    scaled = {(m.gain * of // m.of, m.lose * of // m.of, m.switch * of // m.of) for m in (one.moves for one in told)}
    gain, lose, switch = map(max, zip(*scaled, strict=True)) if scaled else (0, 0, 0)
    was, is_ = pair
    return StageMoves(
        step.rule,
        step.name,
        Moves(of, gain=gain, lose=lose, switch=switch),
        of_its_own=tuple(_own(was, is_)),
        is_rest=audience.is_rest,
        is_reshuffled=bool(was and is_ and was.bucketing != is_.bucketing and (was.is_mixed or is_.is_mixed)),
        is_expected=any(one.bucketings > 1 and one.moves.moves_anybody for one in told),
        is_at_most=len(scaled) > 1,
        others_may_lose=any(one.others_lose for one in counts),
    )


def _own(was: Step | None, is_: Step | None) -> Iterator[str]:
    if was is not None and is_ is not None:
        if was.rollout != is_.rollout:
            yield "rollout"
        if was.serve != is_.serve:
            yield "split"


def _counts(old: Chain, new: Chain, step: Step, audience: Audience, allowance: Allowance) -> list[_Count]:
    """Count every case.

    Raises:
        TooManyCases: when there are more rectangles than is allowed.
    """
    sides = Side(old.nothing), Side(new.nothing)
    values = revalued(old.flag, new.flag)
    found = []
    for case in audience.cases:
        bucketings = _bucketings(old, new, case)
        of = BUCKETS ** (2 * len(bucketings))
        kinds: Counter[Kind] = Counter()
        others_lose = False
        for places, place in _rectangles(bucketings):
            allowance.take(1)
            (decider, before), (other, after) = old.decision(case.truth, place), new.decision(case.truth, place)
            if step.rule not in (decider, other):
                continue
            kind = kind_of(before, after, *sides, values)
            kinds[kind] += places
            others_lose = others_lose or (not places and kind is Kind.LOSE)
        moves = Moves(0 if case.passed_on else of, kinds[Kind.GAIN], kinds[Kind.LOSE], kinds[Kind.SWITCH])
        mixed = sum(any(boundaries) for boundaries in bucketings.values())
        found.append(_Count(moves, mixed, others_lose))
    return found


def _bucketings(old: Chain, new: Chain, case: Case) -> dict[Bucketing, tuple[set[int], set[int]]]:
    """Return what is bucketed by in a case, with the boundaries of the gates and of the splits."""
    found: dict[Bucketing, tuple[set[int], set[int]]] = {}
    for chain in (old, new):
        for step in chain.steps:
            if not case.truth.get(step.key):
                continue
            if step.serve.split or 0 < step.rollout < BUCKETS:
                known = found.setdefault(step.bucketing, (set(), set()))
                for boundaries, own in zip(known, step.boundaries, strict=True):
                    boundaries.update(own)
            if step.is_plain:
                break
    return found


def _rectangles(bucketings: Mapping[Bucketing, tuple[set[int], set[int]]]) -> Iterator[tuple[int, Place]]:
    """Every combination of stretches without a boundary, with how many places it has; none where a value is missing."""
    ways: list[list[tuple[_Fallen, ...]]] = []
    for attribute in dict.fromkeys(one.attribute for one in bucketings):
        own = [one for one in bucketings if one.attribute == attribute]
        stretches: list[list[_Fallen]] = [
            [
                (one, (end - start) * (last - first), (start, first))
                for start, end in _pieces(bucketings[one][0])
                for first, last in _pieces(bucketings[one][1])
            ]
            for one in own
        ]
        ways.append([*product(*stretches), tuple((one, 0, None) for one in own)])
    for combination in product(*ways):
        chosen = [one for part in combination for one in part]
        yield prod(places for _, places, _ in chosen), {bucketing: fallen for bucketing, _, fallen in chosen}


def _pieces(boundaries: set[int]) -> Iterator[tuple[int, int]]:
    """The stretches between neighbouring boundaries, from 0 to 100,000."""
    yield from pairwise(sorted({0, *boundaries, BUCKETS}))
