"""A flag as the text of a Python function: `def decide(context, now=None, k0=None, k1=None, …)`.

The text has only names made up here (`i` the id, `k3` a constant, `a0` what was read of an attribute, `g0` whether
that is of the wanted type, `h0` a digest) and the operators' own sources; see `compile` for why. Nothing is decided
here.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from sys import intern
from typing import Any

from flagsite_sdk.engine import bucketing, operators
from flagsite_sdk.engine.model import (
    BUCKETS,
    All,
    AnyOf,
    Comparison,
    Condition,
    Flag,
    InSegment,
    Not,
    Rule,
    Segment,
    Serve,
)
from flagsite_sdk.engine.operators import Code
from flagsite_sdk.engine.operators.operator import shared
from flagsite_sdk.engine.result import Decision, Outcome, Reason

_Reading = tuple[str, str | None]
"""An attribute, and what is derived from it (None: the attribute itself)."""

_Guard = tuple[str, str]
"""An attribute, and what is asked of its type."""

_HEAD = """\
    if type(context) is not dict: identify(context)
    try: i = context['id']
    except KeyError: i = None
    if type(i) is not str: i = identify(context)"""


class Writer:
    """Writes one flag.

    Attributes:
        constants: The values of `k0`, `k1` …
    """

    def __init__(
        self, flag: Flag, segments: Mapping[str, Segment], make_outcome: Callable[[Decision], Outcome]
    ) -> None:
        self._flag = flag
        self._segments = segments
        self._values = flag.values
        self._make_outcome = make_outcome
        self._lines = [_HEAD]
        self.constants: list[Any] = []
        self._outcomes: dict[tuple[str, Reason, str | None], str] = {}
        self._codes: dict[int, Code] = {}
        self._uses: Counter[_Reading] = Counter()
        self._locals: dict[_Reading, str] = {}
        self._hoisted: set[_Reading] = {("id", None)}
        self._guarded: Counter[_Guard] = Counter()
        self._guards: dict[_Guard, str] = {}
        self._locals["id", None] = "i"
        self._digests: dict[str, str] = {}

    @property
    def text(self) -> str:
        """The whole function."""
        parameters = "".join(f", k{number}=None" for number in range(len(self.constants)))
        return "\n".join((f"def decide(context, now=None{parameters}):", *self._lines, ""))

    def write(self, prerequisites: Mapping[str, Callable[..., Outcome]], clock: Callable[[], float]) -> None:
        """Write the function, in the order of the specification."""
        flag = self._flag
        if not flag.enabled:
            self._line(1, f"return {self._outcome(flag.off_variation, Reason.OFF)}")
            return
        rules = [rule for rule in flag.rules if rule.rollout]  # at 0 % a rule lets nobody in
        self._count_readings(rules)
        if flag.prerequisites or any(self._is_relative(rule.condition) for rule in rules):
            self._line(1, f"if now is None: now = {self._constant(clock)}()")
        for prerequisite in flag.prerequisites:
            failed = self._outcome(flag.off_variation, Reason.PREREQUISITE_FAILED)
            decide = prerequisites.get(prerequisite.flag)
            if decide is None:
                self._line(1, f"return {failed}")
                return
            name, wanted = self._constant(decide), self._constant(prerequisite.variation)
            self._line(1, f"if {name}(context, now).variation != {wanted}: return {failed}")
        self._write_targets()
        self._prepare_digests(rules)
        for rule in rules:
            self._write_rule(rule)
        if flag.rollout:
            self._write_serve(1, flag.fallthrough, flag.rollout, Reason.FALLTHROUGH, None)
        if flag.rollout < BUCKETS or flag.fallthrough.split:
            self._line(1, f"return {self._outcome(flag.off_variation, Reason.OUTSIDE_ROLLOUT)}")

    def _line(self, depth: int, text: str) -> None:
        self._lines.append("    " * depth + text)

    def _constant(self, value: Any) -> str:
        self.constants.append(shared(value) if type(value) is str else value)
        return f"k{len(self.constants) - 1}"

    def _outcome(self, variation: str, reason: Reason, rule: str | None = None) -> str:
        identity = (variation, reason, rule)
        if identity not in self._outcomes:
            made = self._make_outcome(Decision(self._values[variation], variation, reason, rule))
            self._outcomes[identity] = self._constant(made)
        return self._outcomes[identity]

    def _write_targets(self) -> None:
        targets: dict[str, Outcome] = {}
        for target in self._flag.targets:
            value = self._values[target.variation]
            made = self._make_outcome(Decision(value, target.variation, Reason.TARGET_MATCH, None))
            targets |= dict.fromkeys(target.ids, made)
        if targets:
            name = self._constant(targets)
            self._line(1, f"if i in {name}: return {name}[i]")

    def _write_rule(self, rule: Rule) -> None:
        for leaf in self._comparisons(rule.condition):
            self._hoist(leaf.attribute, None)
            self._hoist(leaf.attribute, self._code(leaf).derive)
            self._hoist_guard(leaf.attribute, self._code(leaf).guard)
        expression = self._condition(rule.condition)
        self._line(1, f"if {expression}:")
        self._write_serve(2, rule.serve, rule.rollout, Reason.RULE_MATCH, rule.id)

    # conditions

    def _comparisons(self, condition: Condition) -> list[Comparison]:
        """The comparisons of a condition, those of its segments among them."""
        match condition:
            case Comparison():
                return [condition]
            case InSegment(key):
                inside = self._segments[key].condition
                return [] if inside is None else self._comparisons(inside)
            case All(parts) | AnyOf(parts):
                return [leaf for part in parts for leaf in self._comparisons(part)]
            case Not(inner):
                return self._comparisons(inner)
            case _:  # Everyone
                return []

    def _is_relative(self, condition: Condition) -> bool:
        found = (operators.find(leaf.operator) for leaf in self._comparisons(condition))
        return any(operator is not None and operator.relative for operator in found)

    def _condition(self, condition: Condition) -> str:
        match condition:
            case Comparison():
                return self._comparison(condition)
            case InSegment(key):
                return self._segment(self._segments[key])
            case All(parts):
                return f"({' and '.join(map(self._condition, parts))})"
            case AnyOf(parts):
                return f"({' or '.join(map(self._condition, parts))})"
            case Not(inner):
                return f"(not {self._condition(inner)})"
            case _:  # Everyone
                return "True"

    def _segment(self, segment: Segment) -> str:
        expression = "False" if segment.condition is None else self._condition(segment.condition)
        if segment.excluded:
            expression = f"(i not in {self._constant(segment.excluded)} and {expression})"
        if segment.included:
            expression = f"(i in {self._constant(segment.included)} or {expression})"
        return expression

    def _comparison(self, leaf: Comparison) -> str:
        code = self._code(leaf)
        first, local = self._reading(leaf.attribute, code.derive)
        text = code.template.format(*map(self._constant, code.constants), read=first, x=local)
        if code.guard:
            known = self._guards.get((leaf.attribute, code.guard))
            text = f"{known or code.guard.format(read=first, x=local)} and {text}"
        return f"(not ({text}))" if code.negated else f"({text})"

    def _code(self, leaf: Comparison) -> Code:
        if id(leaf) not in self._codes:  # by identity: for Python, a comparison with 1 equals one with True
            self._codes[id(leaf)] = operators.source(leaf.operator, leaf.value, ignore_case=leaf.ignore_case)
        return self._codes[id(leaf)]

    # attributes

    def _count_readings(self, rules: list[Rule]) -> None:
        """How often each attribute, and each thing derived from one, is used."""
        for rule in rules:
            for leaf in self._comparisons(rule.condition):
                code = self._code(leaf)
                self._uses[leaf.attribute, code.derive] += 1
                if code.guard:
                    self._guarded[leaf.attribute, code.guard] += 1
        for attribute, derive in list(self._uses):
            if derive:  # is made of the attribute, once
                self._uses[attribute, None] += 1

    def _hoist(self, attribute: str, derive: str | None) -> None:
        """Read what is used more than once into its local, before the first rule that uses it."""
        if self._uses[attribute, derive] > 1 and (attribute, derive) not in self._hoisted:
            local = self._local(attribute, derive)
            self._line(1, f"{local} = {self._fetch(attribute, derive)}")
            self._hoisted.add((attribute, derive))

    def _hoist_guard(self, attribute: str, guard: str | None) -> None:
        """Ask for the type of what several comparisons use once, before the first rule with one of them."""
        if guard and self._guarded[attribute, guard] > 1 and (attribute, guard) not in self._guards:
            self._guards[attribute, guard] = name = f"g{len(self._guards)}"
            local = self._local(attribute, None)
            self._line(1, f"{name} = {guard.format(read=local, x=local)}")

    def _local(self, attribute: str, derive: str | None) -> str:
        return self._locals.setdefault((attribute, derive), f"a{len(self._locals)}")

    def _reading(self, attribute: str, derive: str | None) -> tuple[str, str]:
        """How it is read at first, and how it is reached after that."""
        local = self._local(attribute, derive)
        if (attribute, derive) in self._hoisted:
            return local, local
        return f"({local} := {self._fetch(attribute, derive)})", local

    def _fetch(self, attribute: str, derive: str | None) -> str:
        if derive:
            first, local = self._reading(attribute, None)
            return f"({derive.format(read=first, x=local)})"
        name = self._constant(intern(attribute))  # as the caller's keys mostly are: found by identity
        if "." not in attribute:
            return f"context.get({name})"
        local = self._local(attribute, None)
        return f"({local} if ({local} := context.get({name})) is not None else walk(context, {name}))"

    # gates and splits

    def _prepare_digests(self, rules: list[Rule]) -> None:
        """Give a local to each rollout digest that more than one gate asks for."""
        gates = Counter(rule.serve.bucket_by for rule in rules if rule.rollout < BUCKETS)
        if 0 < self._flag.rollout < BUCKETS:
            gates[self._flag.fallthrough.bucket_by] += 1
        for bucket_by, count in gates.items():
            if count > 1:
                self._digests[bucket_by] = name = f"h{len(self._digests)}"
                self._line(1, f"{name} = None")

    def _write_serve(self, depth: int, serve: Serve, rollout: int, reason: Reason, rule: str | None) -> None:
        """Return the outcome of a serve if the context is inside; else go on with what follows."""
        if rollout == BUCKETS and not serve.split:
            self._line(depth, f"return {self._outcome(serve.shares[0].variation, reason, rule)}")
            return
        value = "i"
        if serve.bucket_by == "id":
            self._line(depth, "if i:")
        else:
            value = "v"
            self._line(depth, f"v = bucketing_value({self._reading(serve.bucket_by, None)[0]})")
            self._line(depth, "if v is not None:")
        depth += 1
        if rollout < BUCKETS:
            name = self._rollout_digest(depth, serve.bucket_by, value)
            self._line(depth, f"if {name} < {self._constant(bucketing.threshold(rollout))}:")
            depth += 1
        self._write_shares(depth, serve, value, reason, rule)

    def _rollout_digest(self, depth: int, bucket_by: str, value: str) -> str:
        shared = self._digests.get(bucket_by)
        if shared is None:
            self._write_digest(depth, "d", "rollout", value)
            return "d"
        self._line(depth, f"if {shared} is None:")
        self._write_digest(depth + 1, shared, "rollout", value)
        return shared

    def _write_shares(self, depth: int, serve: Serve, value: str, reason: Reason, rule: str | None) -> None:
        shares = [share for share in serve.shares if share.buckets]
        if len(shares) > 1:
            self._write_digest(depth, "d", "split", value)
        end = 0
        for share in shares[:-1]:
            end += share.buckets
            outcome = self._outcome(share.variation, reason, rule)
            self._line(depth, f"if d < {self._constant(bucketing.threshold(end))}: return {outcome}")
        self._line(depth, f"return {self._outcome(shares[-1].variation, reason, rule)}")

    def _write_digest(self, depth: int, name: str, purpose: bucketing.Purpose, value: str) -> None:
        # "surrogatepass" costs 20 ns, a `try` that does not raise costs nothing
        text = f"({self._constant(bucketing.prefix(self._flag.salt, purpose))} + {value})"
        self._line(depth, f"try: {name} = digest({text}.encode())")
        self._line(depth, f'except UnicodeEncodeError: {name} = digest({text}.encode("utf-8", "surrogatepass"))')
