"""The same decision as `evaluate`, as a Python function made for one flag.

A flag becomes source text, the text becomes a code object, and the code object with the flag's constants as
default arguments (the fastest way for a function to reach a value) becomes its decision. The text depends
only on the flag's *shape*: what a user wrote (keys, names, attributes, values, salts) travels as constants and
never as source. So no text can become code, and flags of one shape share one code object.

Segments are written out where they are used. A flag that would grow out of bounds by that is not specialised:
`is_compilable` says so, and its caller lets the reference decide it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Protocol

from flagsite_sdk.engine import bucketing, operators
from flagsite_sdk.engine.context import bucketing_value, identify, walk
from flagsite_sdk.engine.model import (
    BUCKETS,
    All,
    AnyOf,
    Comparison,
    Condition,
    Everyone,
    Flag,
    InSegment,
    Not,
    Segment,
    Serve,
    depth,
    leaves,
)
from flagsite_sdk.engine.operators.operator import NOW
from flagsite_sdk.engine.result import Decision, Outcome, Reason

CODES = 1_024
"""How many code objects are kept, one for each shape of flag."""

LARGEST = 2_000
"""How many comparisons a flag may have, each segment counted where it is used."""

DEEPEST = 40
"""How deep its conditions may be nested, segments written out; Python's parser gives up at 200 parentheses."""


class Decide(Protocol):
    """A compiled flag: which of its outcomes a context gets.

    Raises:
        InvalidContext: The context has no text `id`.
    """

    def __call__(self, context: Any, now: float | None = None) -> Outcome:
        """Decide at a moment; when none is given and the flag looks at the time, its clock is asked."""


MakeOutcome = Callable[[Decision], Outcome]

_GLOBALS: dict[str, Any] = {
    **operators.HELPERS,
    "identify": identify,
    "walk": walk,
    "bucketing_value": bucketing_value,
    "digest": bucketing.digest_of_bytes,
}


def compile_flag(
    flag: Flag,
    *,
    segments: Mapping[str, Segment],
    prerequisites: Mapping[str, Decide],
    clock: Callable[[], float],
    make_outcome: MakeOutcome,
) -> Decide:
    """Make the decision of a flag that can be used.

    Args:
        flag: The flag.
        segments: Every segment that it reaches.
        prerequisites: The decisions of those of its prerequisites that can be decided.
        clock: Asked for the moment when the caller of the decision names none.
        make_outcome: Gives the outcome for each decision that the flag can come to.
    """
    writer = _Writer(flag, segments, make_outcome)
    writer.write(prerequisites, clock)
    parameters = "".join(f", {name}=None" for name in writer.names)
    body = "\n".join(writer.lines)
    code = code_of(f"def decide(context, now=None{parameters}):\n{body}\n")
    return FunctionType(code, _GLOBALS, "decide", (None, *writer.constants))  # type: ignore[return-value]


def is_compilable(flag: Flag, segments: Mapping[str, Segment], order: Iterable[str]) -> bool:
    """Whether the flag's source stays within bounds; `order` has the segments it reaches, inner ones first."""
    sizes: dict[str, tuple[int, int]] = {}

    def measure(condition: Condition) -> tuple[int, int]:
        parts = [sizes[leaf.segment] for leaf in leaves(condition) if isinstance(leaf, InSegment)]
        size = len(leaves(condition)) + sum(part[0] for part in parts)
        return size, depth(condition) + max((part[1] for part in parts), default=0)

    for key in order:
        condition = segments[key].condition
        sizes[key] = (1, 1) if condition is None else measure(condition)
    rules = [measure(rule.condition) for rule in flag.rules]
    return sum(size + 1 for size, _ in rules) <= LARGEST and all(deep <= DEEPEST for _, deep in rules)


@lru_cache(maxsize=CODES)
def code_of(source: str) -> CodeType:
    """The code object of the one function in a source text."""
    module = compile(source, "<flagsite>", "exec", dont_inherit=True, optimize=2)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


class _Writer:
    """Writes one flag's source."""

    def __init__(self, flag: Flag, segments: Mapping[str, Segment], make_outcome: MakeOutcome) -> None:
        self.flag = flag
        self.segments = segments
        self.values = flag.values
        self.make_outcome = make_outcome
        self.lines: list[str] = []
        self.names: list[str] = []
        self.constants: list[Any] = []
        self._by_identity: dict[Any, str] = {}
        self._attributes: dict[str, str] = {}
        self._uses: dict[str, int] = {}
        self._read: set[str] = set()
        self._digests: dict[str, str] = {}
        self.needs_now = bool(flag.prerequisites)

    def constant(self, value: Any) -> str:
        """The name under which generated code reaches a value."""
        name = f"k{len(self.names)}"
        self.names.append(name)
        self.constants.append(value)
        return name

    def outcome(self, variation: str, reason: Reason, rule: str | None = None) -> str:
        """The name of an outcome; one for each variation, reason and rule."""
        identity = (variation, reason, rule)
        if identity not in self._by_identity:
            decision = Decision(self.values[variation], variation, reason, rule)
            self._by_identity[identity] = self.constant(self.make_outcome(decision))
        return self._by_identity[identity]

    def line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def write(self, prerequisites: Mapping[str, Decide], clock: Callable[[], float]) -> None:
        flag = self.flag
        self.line(1, "if type(context) is not dict: identify(context)")
        self.line(1, "try: i = context['id']")
        self.line(1, "except KeyError: i = None")
        self.line(1, "if type(i) is not str: i = identify(context)")
        if not flag.enabled:
            self.line(1, f"return {self.outcome(flag.off_variation, Reason.OFF)}")
            return
        conditions = [rule.condition for rule in flag.rules if rule.rollout]
        for condition in conditions:
            self._count(condition)
        if self.needs_now:
            self.line(1, f"if {NOW} is None: {NOW} = {self.constant(clock)}()")
        for prerequisite in flag.prerequisites:
            failed = self.outcome(flag.off_variation, Reason.PREREQUISITE_FAILED)
            decide = prerequisites.get(prerequisite.flag)
            if decide is None:
                self.line(1, f"return {failed}")
                return
            name, wanted = self.constant(decide), self.constant(prerequisite.variation)
            self.line(1, f"if {name}(context, now).variation != {wanted}: return {failed}")
        self._write_targets()
        self._prepare_digests()
        for rule in flag.rules:
            if not rule.rollout:
                continue  # at 0 % a rule lets nobody in
            for leaf in self._leaves(rule.condition):
                self._hoist(leaf)
            expression = self._condition(rule.condition)
            depth = 1
            if expression != "True":
                self.line(1, f"if {expression}:")
                depth = 2
            self._serve(depth, rule.serve, rule.rollout, Reason.RULE_MATCH, rule.id)
        if flag.rollout:
            self._serve(1, flag.fallthrough, flag.rollout, Reason.FALLTHROUGH, None)
        if flag.rollout < BUCKETS or flag.fallthrough.split:
            self.line(1, f"return {self.outcome(flag.off_variation, Reason.OUTSIDE_ROLLOUT)}")

    def _write_targets(self) -> None:
        targets = {}
        for target in self.flag.targets:
            decision = Decision(self.values[target.variation], target.variation, Reason.TARGET_MATCH, None)
            outcome = self.make_outcome(decision)
            targets.update(dict.fromkeys(target.ids, outcome))
        if targets:
            name = self.constant(targets)
            self.line(1, f"if i in {name}: return {name}[i]")

    def _leaves(self, condition: Condition) -> list[Comparison]:
        """The comparisons of a condition, those of its segments among them."""
        match condition:
            case Comparison():
                return [condition]
            case InSegment(key):
                inner = self.segments[key].condition
                return [] if inner is None else self._leaves(inner)
            case All(parts) | AnyOf(parts):
                return [leaf for part in parts for leaf in self._leaves(part)]
            case Not(inner_condition):
                return self._leaves(inner_condition)
            case Everyone():
                return []

    def _count(self, condition: Condition) -> None:
        for leaf in self._leaves(condition):
            self._uses[leaf.attribute] = self._uses.get(leaf.attribute, 0) + 1
            operator = operators.find(leaf.operator)
            self.needs_now = self.needs_now or (operator is not None and operator.relative)

    def _hoist(self, leaf: Comparison) -> None:
        """Read an attribute that is used more than once into its local, before the first rule that uses it."""
        name = leaf.attribute
        if name == "id" or self._uses[name] == 1 or name in self._read:
            return
        self._read.add(name)
        self.line(1, f"{self._local(name)} = {self._reading(name)}")

    def _local(self, attribute: str) -> str:
        return self._attributes.setdefault(attribute, f"a{len(self._attributes)}")

    def _reading(self, attribute: str) -> str:
        name = self.constant(attribute)
        if "." not in attribute:
            return f"context.get({name})"
        local = self._local(attribute)
        return f"({local} if ({local} := context.get({name})) is not None else walk(context, {name}))"

    def _condition(self, condition: Condition) -> str:
        match condition:
            case Comparison():
                return self._comparison(condition)
            case InSegment(key):
                return self._segment(self.segments[key])
            case All(parts):
                return "(" + " and ".join(map(self._condition, parts)) + ")"
            case AnyOf(parts):
                return "(" + " or ".join(map(self._condition, parts)) + ")"
            case Not(inner):
                return f"(not {self._condition(inner)})"
            case Everyone():
                return "True"

    def _comparison(self, leaf: Comparison) -> str:
        template, constants = operators.source(leaf.operator, leaf.value, ignore_case=leaf.ignore_case)
        if leaf.attribute == "id":
            first = local = "i"
        else:
            first = local = self._local(leaf.attribute)
            if leaf.attribute not in self._read:
                first = f"({local} := {self._reading(leaf.attribute)})"
        return "(" + template.format(*map(self.constant, constants), read=first, x=local) + ")"

    def _segment(self, segment: Segment) -> str:
        expression = "False" if segment.condition is None else self._condition(segment.condition)
        if segment.excluded:
            expression = f"(i not in {self.constant(segment.excluded)} and {expression})"
        if segment.included:
            expression = f"(i in {self.constant(segment.included)} or {expression})"
        return expression

    def _prepare_digests(self) -> None:
        """Give a local to each rollout digest that more than one gate asks for."""
        gates = [rule.serve.bucket_by for rule in self.flag.rules if 0 < rule.rollout < BUCKETS]
        if 0 < self.flag.rollout < BUCKETS:
            gates.append(self.flag.fallthrough.bucket_by)
        for bucket_by in dict.fromkeys(gates):
            if gates.count(bucket_by) > 1:
                self._digests[bucket_by] = name = f"h{len(self._digests)}"
                self.line(1, f"{name} = None")

    def _serve(self, depth: int, serve: Serve, rollout: int, reason: Reason, rule: str | None) -> None:
        """Return the outcome of a serve if the context is inside; else fall through to what follows."""
        if rollout == BUCKETS and not serve.split:
            self.line(depth, f"return {self.outcome(serve.shares[0].variation, reason, rule)}")
            return
        value = "i"
        if serve.bucket_by == "id":
            self.line(depth, "if i:")
        else:
            value = "v"
            self.line(depth, f"v = bucketing_value({self._value(serve.bucket_by)})")
            self.line(depth, "if v is not None:")
        depth += 1
        if rollout < BUCKETS:
            digest = self._digest("rollout", value)
            shared = self._digests.get(serve.bucket_by)
            if shared:
                self.line(depth, f"if {shared} is None: {shared} = {digest}")
                digest = shared
            self.line(depth, f"if {digest} < {self.constant(bucketing.threshold(rollout))}:")
            depth += 1
        shares = [share for share in serve.shares if share.buckets]
        if len(shares) > 1:
            self.line(depth, f"d = {self._digest('split', value)}")
        end = 0
        for share in shares[:-1]:
            end += share.buckets
            outcome = self.outcome(share.variation, reason, rule)
            self.line(depth, f"if d < {self.constant(bucketing.threshold(end))}: return {outcome}")
        self.line(depth, f"return {self.outcome(shares[-1].variation, reason, rule)}")

    def _value(self, bucket_by: str) -> str:
        return self._local(bucket_by) if bucket_by in self._read else self._reading(bucket_by)

    def _digest(self, purpose: bucketing.Purpose, value: str) -> str:
        prefix = self.constant(bucketing.prefix(self.flag.salt, purpose))
        return f'digest(({prefix} + {value}).encode("utf-8", "surrogatepass"))'
