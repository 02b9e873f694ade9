"""The rules of a flag against each other: who is decided by which, and is anybody left?

A rule **covers** a later one when it decides every context that the later one could decide and whose condition it
matches. At 100 % it does, unless it serves a split and the context has no value to bucket by. Below, it does when both
bucket by the same attribute and the later gate is no wider: gates of a flag share their hash, so the contexts inside
the narrower gate are all inside the wider one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from flagsite_sdk.engine.evaluate import Asker, evaluate
from flagsite_sdk.engine.model import BUCKETS, Condition, Everyone, Flag, Segment, Serve
from flagsite_sdk.engine.wire import write_serve

from flags.reading.conditions import findings_in_condition
from flags.reading.finding import Code, Finding
from flags.reading.literals import Bucketable, Listed
from flags.reading.logic import EVERYBODY, Logic, TooMany, Ways, either
from flagsite.lib.canonical import same
from segments.wording import listed, value_in_words


@dataclass(frozen=True)
class _Stage:
    """A rule, or the default rule as one that everybody matches."""

    index: int
    id: str | None
    condition: Condition
    serve: Serve
    rollout: int

    @property
    def name(self) -> str:
        """How a sentence calls it."""
        return f"rule {self.index + 1}" if self.id is not None else "the default rule"

    @property
    def needs_a_bucket(self) -> bool:
        """Whether it decides nobody who has no value to bucket by."""
        return self.serve.split or self.rollout < BUCKETS

    @property
    def path(self) -> str:
        return f"rules[{self.index}]" if self.id is not None else "fallthrough"


def findings_in_rules(flag: Flag, segments: Mapping[str, Segment], *, now: float) -> tuple[Finding, ...]:
    """Return what is found in the rules and the default rule, rule by rule."""
    return tuple(_Reader(flag, segments, now).findings())


class _Reader:
    """Reads one flag."""

    def __init__(self, flag: Flag, segments: Mapping[str, Segment], now: float) -> None:
        # what comes before the rules is read by others: here the flag is on, and its prerequisites hold
        self._flag = msgspec.structs.replace(flag, enabled=True, prerequisites=())
        self._segments = segments
        self._now = now
        self._logic = Logic(segments, now=now)
        targeted = frozenset(name for target in flag.targets for name in target.ids)
        self._untargeted = Ways(
            (frozenset({Listed(False, "targeted by itself", targeted)}),) if targeted else EVERYBODY
        )
        self._covering: list[_Stage] = []

    def findings(self) -> Iterator[Finding]:
        rules = [
            _Stage(index, rule.id, rule.condition, rule.serve, rule.rollout)
            for index, rule in enumerate(self._flag.rules)
        ]
        for stage in rules:
            alone = list(self._alone(stage))
            yield from alone
            if stage.rollout and not any(one.code is Code.MATCHES_NOBODY for one in alone):
                yield from self._among_others(stage)
                self._covering.append(stage)
        default = _Stage(len(rules), None, Everyone(), self._flag.fallthrough, self._flag.rollout)
        yield from _unused_weights(default)
        yield from self._among_others(default)

    def _alone(self, stage: _Stage) -> Iterator[Finding]:
        yield from findings_in_condition(
            stage.condition, f"{stage.path}.if", self._logic, what=f"condition of {stage.name}", rule=stage.id
        )
        if stage.rollout == 0:
            says = f"R{stage.name[1:]} lets nobody in."
            at = f"{stage.path}.rollout_percentage"
            yield Finding(Code.ZERO_PERCENT, at, says, "Its percentage is 0.", rule=stage.id)
        yield from _unused_weights(stage)

    def _among_others(self, stage: _Stage) -> Iterator[Finding]:
        """Find out whether the rules before leave anybody to a stage."""
        try:
            own = self._logic.together([self._untargeted, self._logic.ways(stage.condition)])
            if not own.ways:  # by itself it matches somebody
                yield self._unreachable(stage, [], own, "everybody whom it matches is targeted by id")
                return
            covers = [one for one in self._covering if _may_cover(one, stage)]
            taking = self._taking(self._logic.witness(own), covers)
            if not taking:
                return
            for one in taking:
                left = self._left(own, stage, [one])
                if not left.ways:
                    yield self._covered(stage, one, left)
                    return
            left = self._left(own, stage, covers)
            if not left.ways:
                yield self._unreachable(stage, covers, left, f"{_names(covers)} let in everybody whom it matches")
                return
            if any(_guard(one, stage) for one in covers):
                yield from self._left_without(own, stage, covers, left)
        except TooMany:
            return

    def _taking(self, context: dict[str, Any] | None, covers: list[_Stage]) -> list[_Stage]:
        """Return the rules that can take everybody away: those that one context of the stage's own matches.

        If there is none, the stage is reached; asking the engine about one context spares most of the reasoning.
        """
        if context is None:
            return covers
        asker = Asker(context, self._now)
        for segment in self._segments.values():  # the inner ones come first
            asker.enter(segment)
        return [one for one in covers if asker.matches(one.condition)]

    def _left(self, own: Ways, stage: _Stage, covers: Iterable[_Stage], *, guarded: bool = True) -> Ways:
        """Return the ways in which a context comes past the rules to the stage."""
        parts = [own]
        for one in covers:
            others = self._logic.ways(one.condition, holds=False)
            guard = _guard(one, stage) if guarded else None
            parts.append(either([others, Ways((frozenset({guard}),))]) if guard else others)
        return self._logic.together(parts)

    def _covered(self, stage: _Stage, by: _Stage, left: Ways) -> Finding:
        """Say that one rule takes them all, and whether it looks like a contradiction."""
        if stage.id is not None and not same(write_serve(by.serve), write_serve(stage.serve)):
            own = self._logic.ways(by.condition)
            others = self._logic.ways(stage.condition, holds=False)
            if not self._logic.together([own, others]).ways:
                says = f"R{stage.name[1:]} contradicts {by.name}: the same contexts, something else served."
                proof = f"Both match the same contexts, and {by.name} comes first. {left.proof}"
                return self._finding(Code.CONTRADICTS, stage, says, proof, [by])
        return self._unreachable(stage, [by], left, f"{by.name} decides everybody whom it matches")

    def _unreachable(self, stage: _Stage, covers: list[_Stage], left: Ways, because: str) -> Finding:
        says = f"{stage.name[:1].upper()}{stage.name[1:]} never decides: {because}."
        return self._finding(Code.UNREACHABLE, stage, says, left.proof, covers)

    def _finding(self, code: Code, stage: _Stage, says: str, proof: str, covers: list[_Stage]) -> Finding:
        by = tuple(one.id for one in covers if one.id is not None)
        witness = self._shown(self._logic.ways(stage.condition), stage, decides=False)
        return Finding(code, stage.path, says, proof, witness, stage.id, by)

    def _left_without(self, own: Ways, stage: _Stage, covers: list[_Stage], left: Ways) -> Iterator[Finding]:
        """Say that nobody is left but those who have no value to bucket by."""
        strict = self._left(own, stage, covers, guarded=False)
        if strict.ways:
            return
        witness = self._shown(left, stage, decides=True)
        if witness is None:
            return
        splits = [one for one in covers if _guard(one, stage)]
        attributes = sorted({one.serve.bucket_by for one in splits})
        without = "without an id" if attributes == ["id"] else f"without {listed([*map(value_in_words, attributes)])}"
        says = f"Only contexts {without} reach {stage.name}."
        proof = f"{_names(splits)} split everybody else; who has no value to bucket by is passed on. {strict.proof}"
        by = tuple(one.id for one in covers if one.id is not None)
        yield Finding(Code.REACHED_ONLY_WITHOUT, stage.path, says, _capital(proof), witness, stage.id, by)

    def _shown(self, ways: Ways, stage: _Stage, *, decides: bool) -> dict[str, Any] | None:
        """Return a context in one of the ways, when the engine says that the stage decides it, or does not."""
        context = self._logic.witness(ways)
        if context is None:
            return None
        flags = {self._flag.key: self._flag}
        found = evaluate(self._flag.key, context, flags=flags, segments=self._segments, now=self._now)
        decided = found.rule == stage.id if stage.id is not None else found.reason in {"FALLTHROUGH", "OUTSIDE_ROLLOUT"}
        return context if decided is decides else None


def _may_cover(one: _Stage, stage: _Stage) -> bool:
    if one.rollout == BUCKETS:
        return True
    if stage.id is None:
        return False  # the default rule also decides who is outside of its gate
    return one.serve.bucket_by == stage.serve.bucket_by and stage.rollout <= one.rollout


def _guard(one: _Stage, stage: _Stage) -> Bucketable | None:
    """Return what a context is that a covering rule passes on although it matches, None when it passes nobody on."""
    if not one.serve.split:
        return None
    if stage.id is not None and stage.needs_a_bucket and one.serve.bucket_by == stage.serve.bucket_by:
        return None  # then the stage would not decide it either
    return Bucketable(one.serve.bucket_by, holds=False)


def _unused_weights(stage: _Stage) -> Iterator[Finding]:
    for index, share in enumerate(stage.serve.shares):
        if share.buckets == 0:
            at = f"{stage.path}{'.serve' if stage.id is not None else ''}.split[{index}]"
            says = f"The split of {stage.name} names {share.variation} and serves it to nobody."
            yield Finding(Code.ZERO_WEIGHT, at, says, "Its weight is 0.", rule=stage.id)


def _names(stages: list[_Stage]) -> str:
    return listed([one.name for one in stages], last="and")


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
