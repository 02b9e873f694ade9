"""Celery's beat, which goes on when the clock is set back.

Celery's own runs nothing until the time is reached again at which each task was last run: ramps would not move and
guardrails would not look on for as long as the clock was set back. It decides nothing else.
"""

from typing import Any

import structlog
from celery.beat import PersistentScheduler

log = structlog.get_logger(__name__)


class Scheduler(PersistentScheduler):
    """Takes a task that was last run in the future for one that was run just now."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Run what is due, and return the seconds until something is."""
        ahead = {
            name: entry
            for name, entry in self.schedule.items()
            if entry.last_run_at is not None and entry.last_run_at > entry.default_now()
        }
        if ahead:
            log.warning("clock_was_set_back", tasks=len(ahead))
            for name, entry in ahead.items():
                entry.last_run_at = entry.default_now()
                self.schedule[name] = entry  # the schedule is a file, which keeps what is put into it
            self._heap = None  # it is sorted by the old time
        seconds: float = super().tick(*args, **kwargs)
        return seconds
