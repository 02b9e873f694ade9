"""Who had which part in a change: who proposed it, who approved it, who published it. Pure."""

from collections.abc import Mapping


def hands(*, proposed_by: str, approved_by: str, published_by: str) -> str:
    """Return it in words, one person once: `proposed by jonas, approved and published by maya`.

    Empty when one person did all there was to do. `proposed_by` is empty when it was never a change request, as what
    a ramp does is; who published it is then who did it, and is said elsewhere.
    """
    steps: Mapping[str, str] = {"proposed": proposed_by, "approved": approved_by}
    if proposed_by:
        steps = {**steps, "published": published_by}
    found: dict[str, list[str]] = {}
    for step, person in steps.items():
        if person:
            found.setdefault(person, []).append(step)
    if len(found) == 1 and not approved_by:
        return ""
    return ", ".join(f"{' and '.join(steps)} by {person}" for person, steps in found.items())
