"""What a static reading says: where, what, and why one may believe it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """What is found."""

    MATCHES_NOBODY = "matches_nobody"
    MATCHES_EVERYBODY = "matches_everybody"
    PART_MATCHES_NOBODY = "part_matches_nobody"
    UNREACHABLE = "unreachable"
    CONTRADICTS = "contradicts"
    REACHED_ONLY_WITHOUT = "reached_only_without"
    ZERO_PERCENT = "zero_percent"
    ZERO_WEIGHT = "zero_weight"
    PREREQUISITE_NEVER_HOLDS = "prerequisite_never_holds"


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        code: What is found.
        where: The path in the flag's or segment's document, as `rules[2].if`.
        says: What is found, as a sentence.
        proof: Why it is so, as a sentence.
        witness: A context that shows it, where one can; the engine has been asked whether it does.
        rule: The id of the rule that it is about, None when it is about none.
        by: The ids of the rules that are the cause, in order; empty where none is.
    """

    code: Code
    where: str
    says: str
    proof: str
    witness: Mapping[str, Any] | None = None
    rule: str | None = None
    by: tuple[str, ...] = ()
