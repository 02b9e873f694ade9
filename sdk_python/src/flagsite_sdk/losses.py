"""What was lost on the way to the server, and who has been told of how much of it: listeners, and the server.

The server is told within reports, and so exactly once: what a sealed report tells goes with it however often it is
sent. For one thread at a time.
"""

from collections.abc import Callable
from typing import Final, NamedTuple


class Lost(NamedTuple):
    """How many of each kind; counts are evaluations that were never counted."""

    counts: int = 0
    events: int = 0
    records: int = 0

    def __bool__(self) -> bool:
        return any(tuple(self))

    def plus(self, other: "Lost") -> "Lost":
        """Return the sum."""
        return Lost(self.counts + other.counts, self.events + other.events, self.records + other.records)

    def less(self, other: "Lost") -> "Lost":
        """Return the difference."""
        return Lost(self.counts - other.counts, self.events - other.events, self.records - other.records)


NOTHING: Final = Lost()


class Losses:
    """The losses of one process.

    Args:
        elsewhere: what was lost so far before it got into a report: queues that were full, and the like.
    """

    def __init__(self, elsewhere: Callable[[], Lost]) -> None:
        self._elsewhere = elsewhere
        self._listeners_know = NOTHING
        self._server_knows = NOTHING
        self._tells_server = True
        self.refused = NOTHING
        """What was lost with reports that the server refused."""

    def refuse(self, batch: Lost, *, told: Lost) -> None:
        """Note that a report is given up, with what it held and what it told of losses."""
        self.refused = self.refused.plus(batch)
        if told:  # the server may be too old to be told; else it would refuse every report from now on
            self._tells_server = False

    def for_listeners(self) -> Lost:
        """Return what was lost since the last call."""
        total = self._total()
        news, self._listeners_know = total.less(self._listeners_know), total
        return news

    def for_server(self) -> Lost:
        """Return what the report that is being sealed has to tell."""
        total = self._total() if self._tells_server else self._server_knows
        news, self._server_knows = total.less(self._server_knows), total
        return news

    def _total(self) -> Lost:
        return self.refused.plus(self._elsewhere())
