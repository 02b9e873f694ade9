"""A pytest plugin (`-p tests.upkeep`): no test leaves an SDK running, and none waits for what is no rubbish.

A client that nobody closed goes on in threads of its own, and what it does meanwhile is other tests' trouble: one once
drew from the global `random` while Hypothesis made up examples.
"""

import gc
import threading
from collections.abc import Iterator

import pytest

from tests.ports import eventually

OURS = "flagsite-"
PATIENCE = 2.0
"""Seconds that threads of a client which was closed have to end."""


def pytest_collection_finish() -> None:
    """Take what collection made out of the garbage collector's sight: it stays to the end, and is much to look at."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def _closes_its_clients() -> Iterator[None]:
    """Fail a test that leaves threads of the SDK behind; those of its module's fixtures were there before."""
    before = set(threading.enumerate())
    yield
    try:
        eventually(lambda: not _left_since(before), within=PATIENCE)
    except AssertionError:
        pytest.fail(f"left running, so close the client: {_left_since(before)}", pytrace=False)


def _left_since(before: set[threading.Thread]) -> list[str]:
    return sorted(each.name for each in set(threading.enumerate()) - before if each.name.startswith(OURS))
