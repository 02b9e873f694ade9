"""Ports on the loopback interface, and waiting without sleeping blindly."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def eventually(question: Callable[[], Found], *, within: float = 10.0, what: str = "") -> Found:
    """Ask until the answer is true, and return it; fail with the last answer when the time is over."""
    deadline = time.monotonic() + within
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or question}; the last answer was {answer!r}")
        time.sleep(0.005)


def wait_for_port(port: int, *, within: float = 15.0) -> None:
    """Return when something accepts connections on the port."""

    def accepts() -> bool:
        with socket.socket() as trying:
            return trying.connect_ex(("127.0.0.1", port)) == 0

    eventually(accepts, within=within, what=f"something listens on port {port}")
