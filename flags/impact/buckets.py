r"""What a change does to the bucket space: exact counts by interval arithmetic, no context needed.

A **stage** is the default rule or one rule: a gate, which lets in the first `rollout` of the 100,000 buckets of its
own hash, and a split, which cuts the 100,000 buckets of another, independent hash (`purpose` rollout and split). So
where a context falls in a stage is a pair (g, s) of buckets, all 100,000² pairs equally likely, and with

    served(g, s) = split(s) when g < rollout, else outside

the *joint* count of a kind of move is the number of pairs for which served before and served after make that move. Both
functions are constant on rectangles between neighbouring boundaries, so it is the sum of |G|·|S| over those rectangles.

**Outside** of the default rule is the off variation. Outside of a rule is the next rule, of which a rule alone knows
nothing but that it may give something or nothing. So a move is ranked: the off variation is least, going on to the next
rule stands in the middle, any other variation is most. Who rises gains, who falls loses, who is given another variation
of the same rank switches. Being let in by a rule that serves something is a gain, and by one that serves the off
variation a loss, which it may turn out to be. So where no stage has a loss, nobody loses by it.

A change of the salt, or of what a stage buckets by, **reshuffles** it: buckets before and after are independent too.
Then no bucket can be followed, and the count is the product of both distributions, over the squared number of places:
what is to be *expected*, exact only where one side serves everybody the same.

Counts of a rule are shares of the contexts that reach it and for which its condition holds; counts of either stage
are shares of those that have a value to bucket by.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec
from flagsite_sdk.engine.model import BUCKETS, Flag, Rule, Serve

from flags.impact.moves import Kind, Moves

_NOT_THERE = Serve(shares=())


@dataclass(frozen=True)
class StageMoves:
    """What happens to the buckets of one stage.

    `gate` and `split` look at one hash each (the split as it is for who is inside the gate both times; without anybody
    inside, nothing moves in it), `joint` at both together.
    `rule` is None for the default rule. `is_expected` means that no bucket can be followed.
    """

    rule: str | None
    name: str
    gate: Moves
    split: Moves
    joint: Moves
    is_reshuffled: bool = False
    is_expected: bool = False

    @property
    def changes_anything(self) -> bool:
        """Tell whether any bucket moves."""
        return self.gate.moves_anybody or self.split.moves_anybody or self.joint.moves_anybody


@dataclass(frozen=True)
class _Stage:
    """A gate and a split; where the flag is off, the gate is closed.

    `outside` is what is served outside of the gate, None for what the next rule serves; `nothing` is the off variation.
    Places that are outside are written None below.
    """

    salt: str
    rollout: int
    serve: Serve
    outside: str | None
    nothing: str | None
    goes_on: bool = False
    """Whether it is a rule, past which a context goes on."""

    @property
    def bucketing(self) -> tuple[str, str]:
        return self.salt, self.serve.bucket_by

    def gates(self) -> Counter[bool]:
        return Counter({True: self.rollout, False: BUCKETS - self.rollout})

    def shares(self) -> Counter[str | None]:
        return Counter({share.variation: share.buckets for share in self.serve.shares if share.buckets})

    def places(self) -> Counter[str | None]:
        """The pairs of buckets by what they are served, of 100,000²."""
        found = Counter({variation: count * self.rollout for variation, count in self.shares().items()})
        found[None] += (BUCKETS - self.rollout) * BUCKETS
        return +found

    def served(self, place: str | None) -> str | None:
        return self.outside if place is None else place

    def rank(self, place: str | None) -> int:
        served = self.served(place)
        return 0 if served == self.nothing else 1 if served is None else 2

    @property
    def best(self) -> int:
        """The rank of the best that is served inside."""
        return max(map(self.rank, self.shares()), default=0)

    def variation_at(self, bucket: int) -> str | None:
        end = 0
        for share in self.serve.shares:
            end += share.buckets
            if bucket < end:
                return share.variation
        return None

    def is_mixed(self) -> bool:
        """Whether buckets decide anything here."""
        return len({self.served(place) for place in self.places()}) > 1


def stage_moves(before: Flag | None, after: Flag | None) -> tuple[StageMoves, ...]:
    """Return the stages in which buckets move: rules in the order of the new flag, then gone ones, the default rule."""
    old = {rule.id: rule for rule in before.rules} if before else {}
    new = {rule.id: rule for rule in after.rules} if after else {}
    found = [
        _moves(
            _of_rule(before, old.get(key)) or _absent(before, _of_rule(after, new.get(key))),
            _of_rule(after, new.get(key)) or _absent(after, _of_rule(before, old.get(key))),
            rule=key,
            name=(old | new)[key].name,
        )
        for key in [*new, *(key for key in old if key not in new)]
    ]
    first, last = _default_of(before), _default_of(after)
    found.append(_moves(first or _absent(before, last), last or _absent(after, first), rule=None, name=""))
    return tuple(stage for stage in found if stage.changes_anything)


def only_buckets_change(before: Flag | None, after: Flag | None) -> bool:
    """Tell whether gates and splits are all that changes, so that the stages speak for everybody, seen or not."""
    if before is None or after is None:
        return False
    return _without_buckets(before) == _without_buckets(after)


def _without_buckets(flag: Flag) -> tuple[bytes, list[tuple[bool, str]]]:
    """Everything of a flag but how wide its gates are and how its splits are cut."""
    rules = [msgspec.structs.replace(rule, rollout=0, serve=_NOT_THERE, name="") for rule in flag.rules]
    rest = msgspec.structs.replace(flag, rollout=0, fallthrough=_NOT_THERE, rules=tuple(rules))
    serves = [*(rule.serve for rule in flag.rules), flag.fallthrough]
    return msgspec.json.encode(rest), [(serve.split, serve.bucket_by) for serve in serves]


def _of_rule(flag: Flag | None, rule: Rule | None) -> _Stage | None:
    if flag is None or rule is None:
        return None
    outside = None if flag.enabled else flag.off_variation
    rollout = rule.rollout if flag.enabled else 0
    return _Stage(flag.salt, rollout, rule.serve, outside, flag.off_variation, goes_on=True)


def _default_of(flag: Flag | None) -> _Stage | None:
    if flag is None:
        return None
    rollout = flag.rollout if flag.enabled else 0
    return _Stage(flag.salt, rollout, flag.fallthrough, flag.off_variation, flag.off_variation)


def _absent(flag: Flag | None, other: _Stage | None) -> _Stage:
    """A stage that is not there lets nobody in and buckets like the other; without a flag nobody has anything."""
    if other is None:
        return _Stage("", 0, _NOT_THERE, None, None)
    has_nothing = flag is None or not flag.enabled or not other.goes_on
    return replace(other, rollout=0, outside=other.nothing if has_nothing else None)


def _moves(old: _Stage, new: _Stage, *, rule: str | None, name: str) -> StageMoves:
    """Compare two stages."""
    reshuffled = old.bucketing != new.bucketing and (old.is_mixed() or new.is_mixed())
    gate, split, joint = _expected(old, new) if reshuffled else _followed(old, new)
    expected = reshuffled and old.is_mixed() and new.is_mixed()
    return StageMoves(rule, name, gate, split, joint, is_reshuffled=reshuffled, is_expected=expected)


def _followed(old: _Stage, new: _Stage) -> tuple[Moves, Moves, Moves]:
    """Follow every pair of buckets, rectangle by rectangle."""
    gate: Counter[Kind] = Counter()
    for floor, ceiling in _pieces(old.rollout, new.rollout):
        gate[_gate_kind(floor < old.rollout, floor < new.rollout, old, new)] += ceiling - floor
    split: Counter[Kind] = Counter()
    joint: Counter[Kind] = Counter()
    for first, end in _pieces(*_boundaries(old), *_boundaries(new)):
        inner = old.variation_at(first), new.variation_at(first)
        if old.rollout and new.rollout:
            split[_kind(*inner, old, new)] += end - first
        for floor, ceiling in _pieces(old.rollout, new.rollout):
            was = inner[0] if floor < old.rollout else None
            is_ = inner[1] if floor < new.rollout else None
            joint[_kind(was, is_, old, new)] += (end - first) * (ceiling - floor)
    return _counted(gate, BUCKETS), _counted(split, BUCKETS), _counted(joint, BUCKETS**2)


def _expected(old: _Stage, new: _Stage) -> tuple[Moves, Moves, Moves]:
    """Multiply the distributions: what was and what will be have nothing to do with each other."""
    gate: Counter[Kind] = Counter()
    for was, count in old.gates().items():
        for is_, other in new.gates().items():
            gate[_gate_kind(was, is_, old, new)] += count * other
    split = _product(old.shares(), new.shares(), old, new) if old.rollout and new.rollout else Counter()
    joint = _product(old.places(), new.places(), old, new)
    return _counted(gate, BUCKETS**2), _counted(split, BUCKETS**2), _counted(joint, BUCKETS**4)


def _product(before: Counter[str | None], after: Counter[str | None], old: _Stage, new: _Stage) -> Counter[Kind]:
    found: Counter[Kind] = Counter()
    for was, count in before.items():
        for is_, other in after.items():
            found[_kind(was, is_, old, new)] += count * other
    return found


def _gate_kind(was_inside: bool, is_inside: bool, old: _Stage, new: _Stage) -> Kind:
    """What passing a gate is, taken for the best that the stage serves; the joint count is exact about the rest."""
    before, after = old.best if was_inside else old.rank(None), new.best if is_inside else new.rank(None)
    if was_inside == is_inside or before == after:
        return Kind.STAY
    return Kind.GAIN if after > before else Kind.LOSE


def _kind(was: str | None, is_: str | None, old: _Stage, new: _Stage) -> Kind:
    """What a move from one place to another is; None is outside."""
    if was is None and is_ is None and new.goes_on:
        return Kind.STAY  # this rule has no say, before and after
    before, after = old.rank(was), new.rank(is_)
    if before != after:
        return Kind.GAIN if after > before else Kind.LOSE
    return Kind.STAY if old.served(was) == new.served(is_) else Kind.SWITCH


def _boundaries(stage: _Stage) -> Iterator[int]:
    end = 0
    for share in stage.serve.shares:
        end += share.buckets
        yield end


def _pieces(*boundaries: int) -> Iterator[tuple[int, int]]:
    """The stretches between neighbouring boundaries, from 0 to 100,000."""
    yield from pairwise(sorted({0, *boundaries, BUCKETS}))


def _counted(kinds: Counter[Kind], of: int) -> Moves:
    return Moves(of, gain=kinds[Kind.GAIN], lose=kinds[Kind.LOSE], switch=kinds[Kind.SWITCH])
