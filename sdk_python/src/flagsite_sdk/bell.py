"""Wakes a thread that waits, from anywhere: also from a read, which takes no lock and may run in a signal handler.

``threading.Event`` takes a lock to be set, and who is interrupted there by a handler that sets it waits for ever; the
``put`` of ``queue.SimpleQueue`` is made for that.
"""

import queue


class Bell:
    """Rung by anyone, waited for by one."""

    def __init__(self) -> None:
        self._rings: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ring(self) -> None:
        """Wake who waits, or who will wait next."""
        self._rings.put(None)

    def wait(self, timeout: float) -> None:
        """Wait for a ring since the last wait, or so many seconds; rings that come together are one."""
        try:
            self._rings.get(timeout=timeout)
            while True:
                self._rings.get_nowait()
        except queue.Empty:
            pass
