"""What an evaluation says: the value, and why.

`Decision` is the answer of the readable reference, `Outcome` is one of the ways in which a compiled flag
can end (made once, when the flag is compiled), `Evaluation` is what a caller sees. None of them knows how
a flag is decided.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

import msgspec


class Reason(StrEnum):
    """Why a flag decided as it did, in the order in which a flag looks at its parts."""

    ERROR = "ERROR"
    OFF = "OFF"
    PREREQUISITE_FAILED = "PREREQUISITE_FAILED"
    TARGET_MATCH = "TARGET_MATCH"
    RULE_MATCH = "RULE_MATCH"
    FALLTHROUGH = "FALLTHROUGH"
    OUTSIDE_ROLLOUT = "OUTSIDE_ROLLOUT"


OPENFEATURE_REASONS: Final[Mapping[Reason, str]] = {
    Reason.ERROR: "ERROR",
    Reason.OFF: "DISABLED",
    Reason.PREREQUISITE_FAILED: "DISABLED",
    Reason.TARGET_MATCH: "TARGETING_MATCH",
    Reason.RULE_MATCH: "TARGETING_MATCH",
    Reason.FALLTHROUGH: "DEFAULT",
    Reason.OUTSIDE_ROLLOUT: "SPLIT",
}
"""Our reasons in the vocabulary of OpenFeature's specification (types, resolution reason)."""


class ErrorCode(StrEnum):
    """Why there is no decision (reason `ERROR`)."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    MALFORMED_FLAG = "MALFORMED_FLAG"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    NOT_READY = "NOT_READY"
    GENERAL = "GENERAL"


class Decision(NamedTuple):
    """What a flag serves one context, and why."""

    value: Any
    variation: str
    reason: Reason
    rule: str | None


class Outcome(msgspec.Struct, gc=False, eq=False):
    """One way in which a compiled flag can end. Refers to nothing that refers back, so it needs no collector.

    Attributes:
        value: The value served.
        variation: The key of the variation served.
        reason: Why.
        rule: The id of the rule that decided, None when none did.
        counter: Whoever serves the outcome to a caller counts it by `next(outcome.counter)`.
    """

    value: Any
    variation: str
    reason: Reason
    rule: str | None
    counter: Iterator[int]


class MutableOutcome:
    """An outcome whose value is an object or an array: each reader gets a copy of its own.

    Otherwise a caller who changes what it was given would change what everybody else is given.
    """

    __slots__ = ("_value", "counter", "reason", "rule", "variation")

    def __init__(self, decision: Decision, counter: Iterator[int]) -> None:
        self._value, self.variation, self.reason, self.rule = decision
        self.counter = counter

    @property
    def value(self) -> Any:
        """A fresh copy of the value."""
        return fresh(self._value)


def outcome(decision: Decision, counter: Iterator[int]) -> Outcome:
    """The outcome for a decision, safe against callers who change its value."""
    if isinstance(decision.value, dict | list):
        return MutableOutcome(decision, counter)  # type: ignore[return-value]  # it quacks, and no more is asked
    return Outcome(*decision, counter)


def fresh(value: Any) -> Any:
    """A copy of a JSON value that shares nothing that can be changed."""
    if isinstance(value, dict):
        return {name: fresh(item) for name, item in value.items()}
    if isinstance(value, list):
        return [fresh(item) for item in value]
    return value


class Evaluation(msgspec.Struct, frozen=True, gc=False):
    """What a caller learns about one flag and one context. Made by the thousand, so kept from the collector.

    Attributes:
        value: The value served; None when `reason` is `ERROR` (the caller's default stands in for it).
        variation: The key of the variation served, None on an error.
        reason: Why.
        rule: The id of the rule that decided, None when none did.
        revision: The revision of the configuration that decided; 0 when none is held.
        error_code: What went wrong, None when nothing did.
        error: The same as a sentence.
    """

    value: Any
    variation: str | None
    reason: Reason
    rule: str | None
    revision: int
    error_code: ErrorCode | None = None
    error: str | None = None
