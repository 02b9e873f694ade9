"""Whether the database did not answer a moment ago: then nobody has to wait to be told so again."""

import time
from collections.abc import Callable
from typing import Final

MOMENT_SECONDS: Final = 2.0


class Outage:
    """What this process knows of it, from those who asked."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._noticed_at = float("-inf")

    def was_noticed(self) -> None:
        """The database did not answer."""
        self._noticed_at = self._now()

    def is_over(self) -> None:
        """It has answered."""
        self._noticed_at = float("-inf")

    @property
    def lasts(self) -> bool:
        """Tell whether asking now would most likely be in vain."""
        return self._now() - self._noticed_at < MOMENT_SECONDS
