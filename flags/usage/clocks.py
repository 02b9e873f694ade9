"""An SDK's clock beside ours. Pure.

A clock that runs ahead would put what it reports where nobody looks. A whole batch is set back by as much, so that what
happened in an order stays in it, and not all of it in one moment.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from flags.usage.reports import Report

_MOST_APART: Final = timedelta(days=1)
"""What lies further apart in one batch was not timed by one clock: the clock was set in between."""


@dataclass(frozen=True)
class Clocks:
    """When we received a batch, and the latest moment that it names."""

    ours: datetime
    latest: datetime

    @classmethod
    def of(cls, report: Report, *, ours: datetime) -> "Clocks":
        """Return the clocks of a batch that is received now."""
        moments = [event.time for event in report.events] + [entry.time for entry in report.evaluations]
        return cls(ours, max(moments, default=ours).astimezone(UTC))

    def set_right(self, moment: datetime) -> datetime:
        """Return when something in the batch happened by our clock, in UTC; never after now."""
        theirs = moment.astimezone(UTC)
        ahead = self.latest - self.ours
        if ahead > timedelta() and self.latest - theirs <= _MOST_APART:
            return theirs - ahead
        return min(theirs, self.ours)
