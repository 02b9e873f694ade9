"""An SDK's clock beside ours: the one place where the moments that a report names become ours. Pure.

An SDK says when it sends a report, by its clock: by what that differs from our time of receipt the clock is wrong, and
everything in the report is moved by as much. Before they said so, only a clock that is ahead could be told: a whole
batch is set back, so that what happened in an order stays in it. Guardrails ask what happened since a step; by a clock
that is wrong they would see nobody, or the users of another ramp.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from flags.usage.reports import Report

TOLERATED: Final = timedelta(seconds=5)
"""So much a report may take to arrive; what differs by less is no wrong clock."""
_MOST_APART: Final = timedelta(days=1)
"""What lies further apart in one batch was not timed by one clock: the clock was set in between."""


@dataclass(frozen=True)
class Clocks:
    """When we received a batch, the latest moment that it names, and how far the SDK's clock is behind ours."""

    ours: datetime
    latest: datetime
    behind: timedelta = timedelta()

    @classmethod
    def of(cls, report: Report, *, ours: datetime) -> "Clocks":
        """Return the clocks of a batch that is received now."""
        moments = [event.time for event in report.events] + [entry.time for entry in report.evaluations]
        behind = ours - (report.sdk.sent_at or ours)
        is_right = abs(behind) <= TOLERATED
        return cls(ours, max(moments, default=ours).astimezone(UTC), timedelta() if is_right else behind)

    def set_right(self, moment: datetime) -> datetime:
        """Return when something in the batch happened by our clock, in UTC; never after now."""
        theirs = moment.astimezone(UTC)
        if self.behind:
            return min(theirs + self.behind, self.ours)
        ahead = self.latest - self.ours
        if ahead > timedelta() and self.latest - theirs <= _MOST_APART:
            return theirs - ahead
        return min(theirs, self.ours)

    def of_minutes(self, latest: datetime) -> "Clocks":
        """Return them for what is known by the minute."""
        return replace(self, ours=minute_of(self.ours), latest=latest)


def minute_of(moment: datetime) -> datetime:
    """Return the minute that a moment is in, in UTC."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
