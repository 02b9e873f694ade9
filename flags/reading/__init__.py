"""A static reading of a flag's rules or of a segment: what no context is needed to see. Pure.

What cannot be decided within the bounds is passed over in silence: there is no false alarm. Every finding has a proof
in a sentence, and where there can be one, a context that shows it and was put to the engine.
"""

from flagsite_sdk.engine.errors import Malformed, UnknownFlag
from flagsite_sdk.engine.model import Flag, InSegment, Rule, Serve
from flagsite_sdk.engine.references import Flags, Segments, prerequisites_first, segments_first, usable

from flags.reading.conditions import findings_in_condition
from flags.reading.finding import Code, Finding
from flags.reading.logic import Logic
from flags.reading.prerequisites import findings_in_prerequisites
from flags.reading.rules import findings_in_rules


def findings_in_flag(key: str, *, flags: Flags, segments: Segments, now: float) -> tuple[Finding, ...]:
    """Return what a reading of the flag finds, in the order in which the flag decides; nothing of an unusable one.

    Args:
        key: The flag's key.
        flags: The environment's flags by key; looking up an unreadable one raises Malformed.
        segments: The environment's segments by key; likewise.
        now: The moment for which witnesses are found, in seconds since 1970; proofs hold for every moment.
    """
    _, cyclic = prerequisites_first(key, flags)
    try:
        flag = usable(key, flags, segments, cyclic)
    except (UnknownFlag, Malformed):
        return ()
    reached = {name: segments[name] for name in segments_first(flag, segments)[0]}
    found = findings_in_prerequisites(flag, flags=flags, cyclic=cyclic)
    return (*found, *findings_in_rules(flag, reached, now=now))


def findings_in_segment(key: str, *, segments: Segments, now: float) -> tuple[Finding, ...]:
    """Return what a reading of the segment's condition finds; nothing of a segment that cannot be used."""
    order, problems = segments_first(_asking_for(key), segments)
    if problems:
        return ()
    segment = segments[key]
    if segment.condition is None:
        empty = Finding(Code.MATCHES_NOBODY, "", "The segment is empty.", "It lists nobody and has no condition.")
        return () if segment.included else (empty,)
    logic = Logic({name: segments[name] for name in order}, now=now)
    return tuple(findings_in_condition(segment.condition, "if", logic, what="condition"))


def _asking_for(segment: str) -> Flag:
    """Return a flag that leans on the segment and on nothing else: the engine finds what flags lean on."""
    nothing = Serve(shares=())
    rule = Rule("reading", InSegment(segment), nothing)
    return Flag("reading", "json", True, "reading", (), "", nothing, rules=(rule,))


__all__ = ["Code", "Finding", "findings_in_flag", "findings_in_segment"]
