"""Gathers what was counted since the last time, from the engine and of errors, for reports and for measurements."""

from collections.abc import Iterator

from flagsite_sdk.configuration import Configuration
from flagsite_sdk.counts import Counted, ErrorCounts
from flagsite_sdk.engine.result import Reason
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.measurements import ERRORS, EVALUATIONS, Measurement


def gather(configuration: Configuration, errors: ErrorCounts, listeners: Listeners[Measurement]) -> Iterator[Counted]:
    """Yield each count once, and tell those who listen of it."""
    for count in configuration.take_counts():
        if listeners:
            about = {"flag": count.flag, "variation": count.variation or "", "reason": count.reason.value}
            listeners.tell(Measurement(EVALUATIONS, count.count, about))
        yield Counted(count.flag, count.variation, count.reason, count.count)
    for flag, code, number in errors.take():
        if listeners:
            listeners.tell(Measurement(ERRORS, number, {"flag": flag, "code": str(code)}))
        yield Counted(flag, None, Reason.ERROR, number, code)
