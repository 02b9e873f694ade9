"""How many may follow, and how many may be let in at a time; who comes too many is told when to come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import SystemRandom
from typing import Final

from django.conf import settings

from flagsite.lib.problems import Unavailable

MAX_HANDSHAKES: Final = 4_096
"""Handshakes that wait for an answer about their key; more are refused."""
COME_BACK_SECONDS: Final = (1, 10)
"""Between these a refused client is told to come back, each at another time."""
_CHANCE: Final = SystemRandom()


class Admission:
    """Of one process."""

    def __init__(self) -> None:
        self.following = 0
        self._handshakes = 0

    @contextmanager
    def handshake(self) -> Iterator[None]:
        """Have a place for as long as somebody is being let in.

        Raises:
            Unavailable: when the process has as many clients as it may have, or lets in as many as it can.
        """
        most = settings.STREAM_MAX_CONNECTIONS
        if self.following + self._handshakes >= most:
            raise self._refusal(f"This process has {most} connections, which is as many as it may have.")
        if self._handshakes >= MAX_HANDSHAKES:
            raise self._refusal("Too many come at once.")
        self._handshakes += 1
        try:
            yield
        finally:
            self._handshakes -= 1

    def _refusal(self, detail: str) -> Unavailable:
        return Unavailable(f"{detail} Come back later.", retry_after=_CHANCE.randint(*COME_BACK_SECONDS))
