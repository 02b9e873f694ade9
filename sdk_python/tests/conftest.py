"""The cast: a server, clients that forget to wait, and a way to wait for what will be."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flagsite_sdk import FlagClient

from sdk_python.tests import documents
from sdk_python.tests.forking import run  # noqa: F401 - a fixture
from sdk_python.tests.server import KEY, Server, running

ALICE = {"id": "alice"}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        server.flags = {"new-checkout": documents.boolean(), "banner-text": documents.text("Hello")}
        yield server


Connect = Callable[..., FlagClient]


@pytest.fixture
def connect(server: Server) -> Iterator[Connect]:
    """Make clients of the server that are quick to try again; all are closed at the end."""
    clients: list[FlagClient] = []

    def make(**settings: Any) -> FlagClient:
        quick: dict[str, Any] = {
            "backoff_base": 0.02,
            "backoff_cap": 0.05,
            "connect_timeout": 2.0,
            "flush_interval": 600.0,
            "close_timeout": 1.0,
        }
        client = FlagClient(server.url, KEY, **{**quick, **settings})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@contextlib.contextmanager
def nothing_sent(client: FlagClient) -> Iterator[None]:
    """Keep reports from being sent meanwhile: a queue that is half full is sent at once, and so may never be full."""
    assert client._background is not None
    assert client._background.reports is not None
    with client._background.reports._sending:
        yield


def eventually(question: Callable[[], object], *, within: float = 5.0) -> None:
    """Ask until the answer is yes; fail when it never is."""
    deadline = time.monotonic() + within
    while not question():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.002)
