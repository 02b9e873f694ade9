"""The same decision as `evaluate`, as a Python function made for one flag.

A flag becomes source text (`source` writes it), the text becomes a code object, and the code object with the
flag's constants as default arguments (the fastest way for a function to reach a value) becomes its decision.
The text depends only on the flag's *shape*: what a user wrote travels as constants and never as source. So no
text can become code, and flags of one shape share one code object.

A flag that would grow out of bounds by writing out its segments is not for this module: `is_compilable` says
so, and the caller lets the reference decide it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Protocol

from flagsite_sdk.engine import bucketing, operators
from flagsite_sdk.engine.context import bucketing_value, identify, walk
from flagsite_sdk.engine.model import Condition, Flag, InSegment, Segment, depth, leaves
from flagsite_sdk.engine.result import Decision, Outcome
from flagsite_sdk.engine.source import Writer

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

    def __call__(self, context: Any, now: float | None = None, /) -> Outcome:
        """Decide at a moment; when none is given and the flag looks at the time, its clock is asked."""


_GLOBALS: dict[str, Any] = {
    **operators.HELPERS,
    "identify": identify,
    "walk": walk,
    "bucketing_value": bucketing_value,
    "digest": bucketing.digest_of_bytes,
}
"""All that generated code can call, besides Python's built-in functions."""


def compile_flag(
    flag: Flag,
    *,
    segments: Mapping[str, Segment],
    prerequisites: Mapping[str, Decide],
    clock: Callable[[], float],
    make_outcome: Callable[[Decision], Outcome],
) -> Decide:
    """Make the decision of a flag that can be used.

    Args:
        flag: The flag.
        segments: Every segment that it reaches.
        prerequisites: The decisions of those of its prerequisites that can be decided.
        clock: Asked for the moment when the caller of the decision names none.
        make_outcome: Gives the outcome for each decision that the flag can come to.
    """
    writer = Writer(flag, segments, make_outcome)
    writer.write(prerequisites, clock)
    code = code_of(writer.text)
    return FunctionType(code, _GLOBALS, "decide", (None, *writer.constants))


@lru_cache(maxsize=CODES)
def code_of(source: str) -> CodeType:
    """The code object of the one function in a source text."""
    module = compile(source, "<flagsite>", "exec", dont_inherit=True, optimize=2)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def is_compilable(flag: Flag, segments: Mapping[str, Segment], order: Iterable[str]) -> bool:
    """Whether the flag's source stays within bounds; `order` has the segments it reaches, inner ones first."""
    sizes: dict[str, tuple[int, int]] = {}

    def measure(condition: Condition) -> tuple[int, int]:
        found = leaves(condition)
        parts = [sizes[leaf.segment] for leaf in found if isinstance(leaf, InSegment)]
        size = len(found) + sum(part[0] for part in parts)
        return size, depth(condition) + max((part[1] for part in parts), default=0)

    for key in order:
        condition = segments[key].condition
        sizes[key] = (1, 1) if condition is None else measure(condition)
    rules = [measure(rule.condition) for rule in flag.rules]
    return sum(size + 1 for size, _ in rules) <= LARGEST and all(deep <= DEEPEST for _, deep in rules)
