"""How long after a step back a query of Prometheus still tells of before. Pure.

A query such as `rate(errors[5m])` goes on telling of the harm that was undone until its five minutes have passed. A
guardrail that acted on it would undo more than it is asked to.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from rollouts.guardrails.stages import Span

A_SCRAPE: Final = timedelta(minutes=1)
"""Until SDKs have followed and Prometheus has asked once more."""
LONGEST: Final = timedelta(hours=1)
"""Nobody is left without the guardrail for longer."""

_DURATION: Final = r"((?:\d+(?:ms|[smhdwy]))+)"
_LOOKS_BACK: Final = re.compile(rf"\[{_DURATION}(:?)|\boffset\s+{_DURATION}")
_PART: Final = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}


def settling_time(query: str) -> timedelta:
    """Return for how long a query tells of before: its longest range, with those of subqueries and its longest offset.

    The syntax is that of https://prometheus.io/docs/prometheus/latest/querying/basics/.
    """
    ranges, around, offsets = [timedelta(0)], timedelta(0), [timedelta(0)]
    for span, colon, offset in _LOOKS_BACK.findall(query):
        if offset:
            offsets.append(_duration(offset))
        elif colon:
            around += _duration(span)
        else:
            ranges.append(_duration(span))
    return min(max(ranges) + around + max(offsets) + A_SCRAPE, LONGEST)


def settles_until(query: str, spans: Sequence[Span]) -> datetime | None:
    """Return until when a query tells of a percentage that was lowered; None: it never was."""
    lowered = [after.since for before, after in pairwise(spans) if 0 < after.percentage < before.percentage]
    return lowered[-1] + settling_time(query) if lowered else None


def _duration(text: str) -> timedelta:
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return timedelta(seconds=min(seconds, LONGEST.total_seconds()))
