r"""What a change does to the bucket space: exact counts by interval arithmetic, no context needed.

A **stage** is the default rule or one rule: a gate, which lets in the first `rollout` of the 100,000 buckets of its
own hash, and a split, which cuts the 100,000 buckets of another, independent hash (`purpose` rollout and split). So
where a context falls in a stage is a pair (g, s) of buckets, all 100,000² pairs equally likely, and with

    served(g, s) = split(s) when g < rollout, else outside

the *joint* count of a kind of move is the number of pairs for which served before and served after make that move. Both
functions are constant on rectangles between neighbouring boundaries, so it is the sum of |G|·|S| over those rectangles.

**Outside** of the default rule is the off variation, and gaining is coming from it to something else. Outside of a rule
is the next rule, of which a rule alone knows nothing: gaining is being let in by this rule, losing is no longer.

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

from flagsite_sdk.engine.model import BUCKETS, Flag, Rule, Serve

from flags.impact.moves import Kind, Moves, Side, kind_of

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
    """A gate and a split, and what is served outside of them; where the flag is off, the gate is closed."""

    salt: str
    rollout: int
    serve: Serve
    outside: str | None

    @property
    def side(self) -> Side:
        return Side(self.outside)

    @property
    def bucketing(self) -> tuple[str, str]:
        return self.salt, self.serve.bucket_by

    def gates(self) -> Counter[bool]:
        return Counter({True: self.rollout, False: BUCKETS - self.rollout})

    def shares(self) -> Counter[str | None]:
        return Counter({share.variation: share.buckets for share in self.serve.shares if share.buckets})

    def served(self) -> Counter[str | None]:
        """The pairs of buckets by what they are served, of 100,000²."""
        found = Counter({variation: count * self.rollout for variation, count in self.shares().items()})
        found[self.outside] += (BUCKETS - self.rollout) * BUCKETS
        return +found

    def variation_at(self, bucket: int) -> str | None:
        end = 0
        for share in self.serve.shares:
            end += share.buckets
            if bucket < end:
                return share.variation
        return None

    def is_mixed(self) -> bool:
        """Whether buckets decide anything here."""
        return len(self.served()) > 1


def stage_moves(before: Flag | None, after: Flag | None) -> tuple[StageMoves, ...]:
    """Return the stages in which buckets move: rules in the order of the new flag, then gone ones, the default rule."""
    old = {rule.id: rule for rule in before.rules} if before else {}
    new = {rule.id: rule for rule in after.rules} if after else {}
    found = [
        _moves(_of_rule(before, old.get(key)), _of_rule(after, new.get(key)), rule=key, name=(old | new)[key].name)
        for key in [*new, *(key for key in old if key not in new)]
    ]
    found.append(_moves(_default_of(before), _default_of(after), rule=None, name=""))
    return tuple(stage for stage in found if stage.changes_anything)


def _of_rule(flag: Flag | None, rule: Rule | None) -> _Stage | None:
    if flag is None or rule is None:
        return None
    return _Stage(flag.salt, rule.rollout if flag.enabled else 0, rule.serve, None)


def _default_of(flag: Flag | None) -> _Stage | None:
    if flag is None:
        return None
    return _Stage(flag.salt, flag.rollout if flag.enabled else 0, flag.fallthrough, flag.off_variation)


def _moves(before: _Stage | None, after: _Stage | None, *, rule: str | None, name: str) -> StageMoves:
    """Compare two stages; one that is not there is one that lets nobody in, and buckets like the other."""
    old = before or _absent(after)
    new = after or _absent(before)
    reshuffled = old.bucketing != new.bucketing and (old.is_mixed() or new.is_mixed())
    if reshuffled:
        gate, split, joint = _expected(old, new)
    else:
        gate = Moves(BUCKETS, gain=max(0, new.rollout - old.rollout), lose=max(0, old.rollout - new.rollout))
        split, joint = _followed(old, new)
    expected = reshuffled and old.is_mixed() and new.is_mixed()
    return StageMoves(rule, name, gate, split, joint, is_reshuffled=reshuffled, is_expected=expected)


def _absent(other: _Stage | None) -> _Stage:
    return replace(other, rollout=0) if other else _Stage("", 0, _NOT_THERE, None)


def _followed(old: _Stage, new: _Stage) -> tuple[Moves, Moves]:
    """Follow every pair of buckets, rectangle by rectangle."""
    split: Counter[Kind] = Counter()
    joint: Counter[Kind] = Counter()
    for first, end in _pieces(*_boundaries(old), *_boundaries(new)):
        inner = old.variation_at(first), new.variation_at(first)
        if old.rollout and new.rollout:
            split[_kind(*inner, old, new)] += end - first
        for floor, ceiling in _pieces(old.rollout, new.rollout):
            served = (
                inner[0] if floor < old.rollout else old.outside,
                inner[1] if floor < new.rollout else new.outside,
            )
            joint[_kind(*served, old, new)] += (end - first) * (ceiling - floor)
    return _counted(split, BUCKETS), _counted(joint, BUCKETS**2)


def _expected(old: _Stage, new: _Stage) -> tuple[Moves, Moves, Moves]:
    """Multiply the distributions: what was and what will be have nothing to do with each other."""
    gate: Counter[Kind] = Counter()
    for was, count in old.gates().items():
        for is_, other in new.gates().items():
            kind = Kind.STAY if was == is_ else Kind.GAIN if is_ else Kind.LOSE
            gate[kind] += count * other
    split = _product(old.shares(), new.shares(), old, new) if old.rollout and new.rollout else Counter()
    joint = _product(old.served(), new.served(), old, new)
    return _counted(gate, BUCKETS**2), _counted(split, BUCKETS**2), _counted(joint, BUCKETS**4)


def _product(before: Counter[str | None], after: Counter[str | None], old: _Stage, new: _Stage) -> Counter[Kind]:
    found: Counter[Kind] = Counter()
    for was, count in before.items():
        for is_, other in after.items():
            found[_kind(was, is_, old, new)] += count * other
    return found


def _kind(was: str | None, is_: str | None, old: _Stage, new: _Stage) -> Kind:
    return kind_of(was, is_, old.side, new.side)


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
