"""Prerequisites that can never hold: what a flag can serve at all, read from its definition."""

from collections.abc import Container

from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.model import BUCKETS, Flag, Prerequisite
from flagsite_sdk.engine.references import Flags

from flags.reading.finding import Code, Finding

MAX_DEPTH = 20
"""How far prerequisites of prerequisites are followed; further on, they are taken for possible."""


def findings_in_prerequisites(flag: Flag, *, flags: Flags, cyclic: Container[str]) -> list[Finding]:
    """Return the prerequisites that never hold, so that the flag serves everybody its off variation."""
    if not flag.enabled:
        return []
    reasons = ((index, one, _why_never(one, flags, cyclic)) for index, one in enumerate(flag.prerequisites))
    return [
        Finding(
            Code.PREREQUISITE_NEVER_HOLDS,
            f"prerequisites[{index}]",
            f"The prerequisite never holds, so everybody is served the off variation {flag.off_variation}.",
            reason,
        )
        for index, one, reason in reasons
        if reason is not None
    ]


def _why_never(wanted: Prerequisite, flags: Flags, cyclic: Container[str], depth: int = 0) -> str | None:
    key = wanted.flag
    if key in cyclic:
        return f"The flag {key} is, through others, its own prerequisite, so it serves nothing."
    try:
        flag = flags[key]
    except KeyError:
        return f"There is no flag {key}."
    except Malformed:
        return f"The flag {key} cannot be used, so it serves nothing."
    if not flag.enabled:
        served = f"it serves {flag.off_variation}, not {wanted.variation}"
        return None if wanted.variation == flag.off_variation else f"The flag {key} is off here, and then {served}."
    if wanted.variation not in _served(flag):
        return f"No target, no rule and not the default rule of the flag {key} serves {wanted.variation} to anybody."
    return _why_always_off(flag, wanted.variation, flags, cyclic, depth)


def _why_always_off(flag: Flag, variation: str, flags: Flags, cyclic: Container[str], depth: int) -> str | None:
    if variation == flag.off_variation or depth == MAX_DEPTH:
        return None
    for one in flag.prerequisites:
        reason = _why_never(one, flags, cyclic, depth + 1)
        if reason is not None:
            off = f"serves {flag.off_variation} to everybody, as a prerequisite of it never holds"
            return f"The flag {flag.key} {off}. {reason}"
    return None


def _served(flag: Flag) -> set[str]:
    """What a flag that is on may serve; what is not in here, it never does."""
    found = {target.variation for target in flag.targets}
    serves = [rule.serve for rule in flag.rules if rule.rollout] + [flag.fallthrough] * bool(flag.rollout)
    found |= {share.variation for serve in serves for share in serve.shares if share.buckets}
    if flag.prerequisites or flag.rollout < BUCKETS or flag.fallthrough.split:
        found.add(flag.off_variation)  # a split passes over who has no value to bucket by
    return found
