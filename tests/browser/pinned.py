"""Run as a program: the web on a port, on a day that never ends. Imported: that day, and a clock that can be set."""

import sys
from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


class Ticking:
    """A clock that goes on a little whenever somebody looks at it, and can be set."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def set(self, now: datetime) -> None:
        self._now = now

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=47)
        return self._now


if __name__ == "__main__":
    import uvicorn

    from flagsite.lib import clock

    clock.now = lambda: NOW
    uvicorn.run("flagsite.asgi:application", port=int(sys.argv[1]), ws="none", lifespan="on", log_level="warning")
