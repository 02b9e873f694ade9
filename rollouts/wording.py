"""How ramps are told: percentages, delays, who did what. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal


def percent(percentage: Decimal) -> str:
    """Return a percentage as people write it: `12.5 %`."""
    return f"{percentage.normalize():f} %"


def lateness_in_words(late: timedelta | None) -> str:
    """Return how late something is, as the end of a sentence; nothing when it is in time."""
    return "" if late is None else f", {duration_in_words(late)} late"


def undecided_in_words(guardrails: Sequence[int]) -> str:
    """Return, as the end of a sentence, which guardrails could not judge what was let in so far; nothing for none."""
    if not guardrails:
        return ""
    numbers = " and ".join(map(str, guardrails))
    return f"; guardrail{'s' if len(guardrails) > 1 else ''} {numbers} had too little to judge by"


def duration_in_words(duration: timedelta) -> str:
    """Return a duration by its two largest units: `2 h 5 min`."""
    seconds = round(duration.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"
