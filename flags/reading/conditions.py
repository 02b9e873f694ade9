"""A condition by itself: does it match nobody, everybody, or has it a part that matches nobody?"""

from collections.abc import Iterator

from flagsite_sdk.engine.model import All, AnyOf, Condition, Everyone, Not
from flagsite_sdk.engine.wire import write_condition

from flags.reading.finding import Code, Finding
from flags.reading.logic import Logic, TooMany
from segments.wording import condition_in_words


def findings_in_condition(
    condition: Condition, path: str, logic: Logic, *, what: str, rule: str | None = None
) -> Iterator[Finding]:
    """Find what the condition says that its author can hardly have meant; `what` is how the sentences call it."""
    nobody = proof_of(condition, logic, holds=True)
    if nobody is not None:
        yield Finding(Code.MATCHES_NOBODY, path, f"The {what} matches nobody.", nobody, rule=rule)
        return
    everybody = None if isinstance(condition, Everyone) else proof_of(condition, logic, holds=False)
    if everybody is not None:
        says = f"The {what} matches everybody."
        yield Finding(Code.MATCHES_EVERYBODY, path, says, f"Its opposite is impossible. {everybody}", rule=rule)
    for at, part in _alternatives(condition, path):
        proof = proof_of(part, logic, holds=True)
        if proof is not None:
            words = condition_in_words(write_condition(part))
            says = f"A part of the {what} matches nobody: {words}."
            yield Finding(Code.PART_MATCHES_NOBODY, at, says, proof, rule=rule)


def proof_of(condition: Condition, logic: Logic, *, holds: bool) -> str | None:
    """Return why the condition can never hold, or never fail to; None when that cannot be said."""
    try:
        found = logic.ways(condition, holds=holds)
    except TooMany:
        return None
    return None if found.ways else found.proof


def _alternatives(condition: Condition, path: str, *, holds: bool = True) -> Iterator[tuple[str, Condition]]:
    """The parts of every `any` that stands under no `not`, with their paths."""
    match condition:
        case AnyOf(parts) | All(parts):
            kind = "any" if isinstance(condition, AnyOf) else "all"
            for index, part in enumerate(parts):
                at = f"{path}.{kind}[{index}]"
                if kind == "any" and len(parts) > 1 and holds:
                    yield at, part
                yield from _alternatives(part, at, holds=holds)
        case Not(inner):
            yield from _alternatives(inner, f"{path}.not", holds=not holds)
