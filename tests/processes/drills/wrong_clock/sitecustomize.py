"""Python finds this when a process starts whose PYTHONPATH names the folder: its clock is wrong by what a file says.

The file is named by `WRONG_CLOCK` and holds seconds. What is set wrong is the time of day as the server, the SDK and
Celery ask for it; the monotonic clock goes on evenly, as it does when an operating system's time is set.
"""

import os
import time
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

_FILE = Path(os.environ["WRONG_CLOCK"])
_time = time.time


def _wrong_by() -> float:
    return float(_FILE.read_text())


class _Wrong(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # an hour is an hour
        return datetime.now(tz) + timedelta(seconds=_wrong_by())


time.time = lambda: _time() + _wrong_by()

from celery import Celery  # noqa: E402 - whatever is imported from here on binds the wrong clock
from celery.worker import request  # noqa: E402 - likewise
from django.utils import timezone  # noqa: E402 - likewise

from flagsite.lib import clock  # noqa: E402 - likewise

clock.now = lambda: _Wrong.now(UTC)
timezone.now = lambda: _Wrong.now(UTC)
Celery.now = lambda self: _Wrong.now(self.timezone)  # type: ignore[method-assign]
request.datetime = _Wrong  # type: ignore[assignment,attr-defined]  # it asks whether a task has expired
