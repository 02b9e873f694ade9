"""Gathers what was counted since the last time, from the engine and of errors, and says it as measurements."""

from collections.abc import Iterator

from flagsite_sdk.configuration import Configuration
from flagsite_sdk.counts import Counted, ErrorCounts
from flagsite_sdk.engine.result import Reason
from flagsite_sdk.measurements import ERRORS, EVALUATIONS, Measurement


def gather(configuration: Configuration, errors: ErrorCounts) -> Iterator[Counted]:
    """Yield each count once."""
    for count in configuration.take_counts():
        yield Counted(count.flag, count.variation, count.reason, count.count)
    for flag, code, number in errors.take():
        yield Counted(flag, None, Reason.ERROR, number, code)


def told(counted: Counted) -> Measurement:
    """Return a count as those who listen are told of it."""
    if counted.error_code is not None:
        return Measurement(ERRORS, counted.number, {"flag": counted.flag, "code": str(counted.error_code)})
    about = {"flag": counted.flag, "variation": counted.variation or "", "reason": str(counted.reason)}
    return Measurement(EVALUATIONS, counted.number, about)
