"""Whom a rule speaks of, and which other rules may have a say with them: all the cases that logic cannot rule out.

The **audience** of a rule are the contexts whose condition holds, and that no rule before it takes as a whole. Of every
other rule that comes into question a case says whether it matches them too. A case that is proved impossible is left
out; so where each of the others matches all of the audience or none of it, there is one case. A rule without an
audience is dead, and has no case at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flagsite_sdk.engine.model import Flag

from flags.impact.chains import EVERYBODY, Chain, Step, Truth
from flags.reading.literals import Listed
from flags.reading.logic import EVERYBODY as ANY_WAY
from flags.reading.logic import Logic, TooMany, Ways

MAX_CASES: Final = 32
"""Cases that are looked at; of a rule that has more it is only said that it decides."""
MAX_STEPS: Final = 40_000
"""Rectangles that are looked at and rules that are asked for, of all stages of a flag; likewise."""
_PER_RULE: Final = 10
"""What a rule that is asked for costs, measured in rectangles."""


class TooManyCases(Exception):
    """A bound is reached."""


class Allowance:
    """The steps that may still be taken for one flag, of all its stages together."""

    def __init__(self) -> None:
        """Start with all of them."""
        self._left = MAX_STEPS

    def take(self, steps: int) -> None:
        """Take some of them.

        Raises:
            TooManyCases: when there are no more.
        """
        self._left -= steps
        if self._left < 0:
            raise TooManyCases


@dataclass(frozen=True)
class Case:
    """Which conditions hold. `passed_on`: only who has no value to bucket by comes past a rule before."""

    truth: Truth
    passed_on: bool


@dataclass(frozen=True)
class Audience:
    """The cases of a rule; `is_rest` means that rules before it may take some of those whom it matches."""

    cases: tuple[Case, ...]
    is_rest: bool


class Audiences:
    """Finds the audiences of the rules of one side of a change."""

    def __init__(self, home: Chain, other: Chain, allowance: Allowance, *, logic: Logic, opaque: bytes) -> None:
        """Start to read.

        Args:
            home: The side of which audiences are asked for.
            other: The other side.
            allowance: What it may cost.
            logic: With the segments of the home side.
            opaque: What conditions of the other side are marked with, of which nothing can be proved; empty: nothing.
        """
        self._home = home
        self._sides = home, other
        self._logic = logic
        self.allowance = allowance
        self._opaque = opaque

    def of(self, step: Step) -> Audience:
        """Return the audience of a step.

        Raises:
            TooManyCases: when the bound is reached.
        """
        before = self._home.before(step)
        truth: dict[bytes, bool] = {EVERYBODY: True, step.key: True}
        if any(one.is_plain and truth.get(one.key) for one in before):
            return Audience((), is_rest=True)
        ways = self._further(_untargeted(self._home.flag), step, holds=True)
        is_rest = False
        for taker in before:
            if taker.is_plain:
                is_rest = is_rest or bool(self._further(ways, taker, holds=True).ways)
                truth[taker.key] = False
                ways = self._further(ways, taker, holds=False)
        if not ways.ways:
            return Audience((), is_rest=is_rest)
        splits = {one.key for one in before if one.takes_all and not one.is_plain}
        cases: list[Case] = []
        for found in self._branches(truth, ways):
            cases.append(Case(found, passed_on=any(found.get(key) for key in splits)))
            if len(cases) > MAX_CASES:
                raise TooManyCases
        return Audience(tuple(cases), is_rest or any(case.passed_on for case in cases))

    def _branches(self, truth: Truth, ways: Ways) -> Iterator[Truth]:
        """Split a case at the first rule of which it does not say whether it matches, and so on."""
        waiting = [(truth, ways)]
        while waiting:
            known, ways = waiting.pop()
            asked = next((step for chain in self._sides for step in _asked(chain, known)), None)
            if asked is None:
                yield known
                continue
            if len(waiting) > MAX_CASES:
                raise TooManyCases
            for holds in (True, False):
                further = self._further(ways, asked, holds=holds)
                if further.ways:
                    waiting.append(({**known, asked.key: holds}, further))

    def _further(self, ways: Ways, step: Step, *, holds: bool) -> Ways:
        """Return the ways in which the step's condition holds, or does not, too; all of them when that is past us."""
        self.allowance.take(_PER_RULE)
        if self._opaque and step.key.startswith(self._opaque):
            return ways
        try:
            return self._logic.together([ways, self._logic.ways(step.condition, holds=holds)])
        except TooMany:
            return ways


def _untargeted(flag: Flag | None) -> Ways:
    targeted = frozenset(name for target in (flag.targets if flag else ()) for name in target.ids)
    return Ways((frozenset({Listed(False, "targeted by itself", targeted)}),)) if targeted else Ways(ANY_WAY)


def _asked(chain: Chain, truth: Truth) -> Iterator[Step]:
    """Return the rules of which it has to be known whether they match, in order."""
    for step in chain.steps:
        if step.key not in truth:
            yield step
        elif truth[step.key] and step.is_plain:
            return
