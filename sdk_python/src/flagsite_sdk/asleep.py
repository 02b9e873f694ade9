"""The table of a client whose threads do not run in this process: its first use starts them.

So a fork costs the reads nothing: they do not have to ask each time whether they are in another process.
"""

from collections.abc import Callable

from flagsite_sdk.configuration import Decide, Table


class Asleep(dict[str, Decide]):
    """An empty table that wakes the client up and hands on to the table that is used from then on."""

    def __init__(self, wake: Callable[[], Table]) -> None:
        super().__init__()
        self._wake = wake

    def __missing__(self, flag_key: str) -> Decide:
        return self._wake()[flag_key]
