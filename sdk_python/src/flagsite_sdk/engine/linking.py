"""From definitions to decisions: compiles a flag with all that it leans on, and knows who leans on whom.

A flag's decision calls its prerequisites' decisions and has its segments written into it. `relink` tells which
decisions are out of date when definitions change. Whoever uses this holds a lock; nothing here knows threads.
"""

from collections.abc import Callable, Iterable, Sequence
from sys import intern
from typing import Any, Literal, NamedTuple

from flagsite_sdk.engine.compile import Decide, compile_flag, is_compilable
from flagsite_sdk.engine.counting import Counters
from flagsite_sdk.engine.definitions import Definitions, Documents
from flagsite_sdk.engine.errors import Malformed, Problem, UnknownFlag
from flagsite_sdk.engine.evaluate import evaluate
from flagsite_sdk.engine.model import Flag
from flagsite_sdk.engine.references import (
    named_segments,
    nested_segments,
    prerequisites_first,
    segments_first,
    usable,
)
from flagsite_sdk.engine.result import Decision, Outcome, Reason, outcome

LONGEST_CHAIN = 32
"""How deep compiled decisions call each other; what is deeper is decided by the reference, without recursion."""

MOST_CALLS = 256
"""How many decisions a compiled decision may cause; prerequisites that share prerequisites multiply them."""


class _Node(NamedTuple):
    kind: Literal["flag", "segment"]
    key: str


class _Chain(NamedTuple):
    depth: int
    calls: int


_ALONE = _Chain(1, 1)


class Linker:
    """Compiles the flags of one environment."""

    def __init__(self, counters: Counters, clock: Callable[[], float]) -> None:
        self.definitions = Definitions({}, {})
        self._counters = counters
        self._clock = clock
        self._users: dict[_Node, set[_Node]] = {}
        self._chains: dict[str, _Chain] = {}
        self._broken: set[str] = set()

    def link(self, key: str, table: dict[str, Decide]) -> Decide:
        """Compile a flag into the table, and before it those of its prerequisites that are not there yet.

        Raises:
            UnknownFlag: There is no flag of that key.
        """
        if key not in self.definitions.raw_flags:
            raise UnknownFlag(key)
        flags = self.definitions.flags()
        order, cyclic = prerequisites_first(key, flags, known=table)
        for name in order:
            if name in table or name not in flags:
                continue
            chain = self._chain(name, flags)
            if chain.depth > LONGEST_CHAIN or chain.calls > MOST_CALLS:
                break
            table[name] = self._compile(name, flags, cyclic, table)
        if key not in table:
            table[key] = self._compile(key, flags, prerequisites_first(key, flags)[1], table, specialise=False)
        return table[key]

    def relink(self, definitions: Definitions, flags: Iterable[str], segments: Iterable[str]) -> set[str]:
        """Take over changed definitions; returns the flags whose decisions are out of date."""
        self.definitions = definitions
        if not (self._users or self._chains or self._broken):
            return set(flags)  # nothing leans on anything yet: at a start there are thousands
        work = [*(_Node("flag", key) for key in flags), *(_Node("segment", key) for key in segments)]
        outdated: set[str] = set()
        while work:
            node = work.pop()
            work += self._users.pop(node, ())
            if node.kind == "flag":
                outdated.add(node.key)
                self._chains.pop(node.key, None)
                self._broken.discard(node.key)
        return outdated

    def _chain(self, key: str, flags: Documents[Flag]) -> _Chain:
        try:
            prerequisites = flags[key].prerequisites
        except Malformed:
            return _ALONE
        if not prerequisites:
            return _ALONE
        chains = [self._chains.get(one.flag, _ALONE) for one in prerequisites]
        chain = _Chain(1 + max(one.depth for one in chains), 1 + sum(one.calls for one in chains))
        self._chains[key] = chain
        return chain

    def _compile(
        self,
        key: str,
        flags: Documents[Flag],
        cyclic: frozenset[str],
        table: dict[str, Decide],
        *,
        specialise: bool = True,
    ) -> Decide:
        segments = self.definitions.segments
        self._note_users(key, flags)
        try:
            flag = usable(key, flags, segments, cyclic)
        except Malformed as error:
            self._broken.add(key)
            return _refusal(error.problems)
        order, _ = segments_first(flag, segments)
        if not specialise or not is_compilable(flag, segments, order):
            return self._by_reference(flag, flags)
        return compile_flag(
            flag,
            segments=segments,
            prerequisites={
                one.flag: table[one.flag]
                for one in flag.prerequisites
                if one.flag in table and one.flag not in self._broken
            },
            clock=self._clock,
            make_outcome=lambda decision: self._outcome(key, decision),
        )

    def _outcome(self, key: str, decision: Decision) -> Outcome:
        value, variation, reason, rule = decision
        named = Decision(value, intern(variation), reason, intern(rule) if rule else None)
        return outcome(named, self._counters.counter(key, named.variation, reason))

    def _by_reference(self, flag: Flag, flags: Documents[Flag]) -> Decide:
        """The decision of a flag that is too large to be specialised, closed over all that it leans on."""
        reached: dict[str, Flag] = {}
        for name in prerequisites_first(flag.key, flags)[0]:
            try:
                reached[name] = flags[name]
            except (KeyError, Malformed):
                continue  # left out, it serves nothing
            self._note_users(name, flags)
        segments = {}
        for one in reached.values():
            for name in segments_first(one, self.definitions.segments)[0]:
                try:
                    segments[name] = self.definitions.segments[name]
                except (KeyError, Malformed):
                    continue  # left out, who names it is malformed
        outcomes: dict[tuple[str, Reason, str | None], Outcome] = {}

        def decide(context: Any, now: float | None = None) -> Outcome:
            moment = self._clock() if now is None else now
            decision = evaluate(flag.key, context, flags=reached, segments=segments, now=moment)
            found = outcomes.get(decision[1:])
            return found or outcomes.setdefault(decision[1:], self._outcome(flag.key, decision))

        return decide

    def _note_users(self, key: str, flags: Documents[Flag]) -> None:
        """Remember what a flag leans on, the flags and segments that do not exist (yet) among it."""
        try:
            flag = flags[key]
        except Malformed:
            return
        user = _Node("flag", key)
        for prerequisite in flag.prerequisites:
            self._users.setdefault(_Node("flag", prerequisite.flag), set()).add(user)
        for name in named_segments(flag):
            self._users.setdefault(_Node("segment", name), set()).add(user)
        for name in segments_first(flag, self.definitions.segments)[0]:
            try:
                inner = nested_segments(self.definitions.segments[name])
            except (KeyError, Malformed):
                continue
            for other in inner:
                self._users.setdefault(_Node("segment", other), set()).add(_Node("segment", name))


def _refusal(problems: Sequence[Problem]) -> Decide:
    def decide(_context: Any, _now: float | None = None) -> Outcome:
        raise Malformed(problems)

    return decide
