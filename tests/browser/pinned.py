"""Run as a program: the web on a port, on a day that never ends. Imported: that day, and a clock that can be set."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from django.utils import timesince, timezone

from flagsite.lib import clock

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


class Ticking:
    """A clock that goes on a little whenever somebody looks at it, and can be set."""

    def __init__(self, start: datetime) -> None:
        self.set(start)

    def set(self, now: datetime, *, a_little: timedelta = timedelta(seconds=47)) -> None:
        self._now, self._a_little = now, a_little

    def __call__(self) -> datetime:
        self._now += self._a_little
        return self._now


def set_clocks(now: Callable[[], datetime]) -> None:
    """Let ours and Django's clock be this one: before models are loaded, some of which keep hold of it."""
    clock.now = now
    timezone.now = now


def since(told: Callable[..., str]) -> Callable[..., str]:
    """Return how Django tells times ("3 hours ago"), of that day where no other is named."""

    @wraps(told)
    def of_that_day(moment: datetime, now: datetime | None = None, *args: Any, **kwargs: Any) -> str:
        return told(moment, now or NOW, *args, **kwargs)

    return of_that_day


if __name__ == "__main__":
    set_clocks(lambda: NOW)
    timesince.timesince = since(timesince.timesince)

    import uvicorn

    uvicorn.run("flagsite.asgi:application", port=int(sys.argv[1]), ws="none", lifespan="on", log_level="warning")
