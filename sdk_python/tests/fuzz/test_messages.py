"""Whatever a server, or somebody on the way, sends to an SDK: it goes on, and decides by what it held or what came."""

import gzip
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flagsite_sdk import FlagClient
from flagsite_sdk.configuration import Configuration
from flagsite_sdk.errors import Unreadable
from flagsite_sdk.listeners import Listeners
from flagsite_sdk.protocol import Protocol
from flagsite_sdk.settings import Settings
from flagsite_sdk.status import Board
from flagsite_sdk.stream import Cause, Ending
from flagsite_sdk.tracing import NoTracing
from flagsite_sdk.updates import Updates

from sdk_python.tests.engine.environments import Json
from sdk_python.tests.fuzz.mutations import ROUNDS, Mutations

MESSAGES = 40
"""In one play."""
DEEP = b'{"a":' * 100_000


class Play:
    """A stream and polls that bring wrong messages, and right ones between them."""

    def __init__(self, mutations: Mutations) -> None:
        self._mutations = mutations
        self._now = 0.0
        self._left = MESSAGES
        self.seen: list[str | bytes] = []
        self.stopping = threading.Event()
        self.configuration = Configuration()
        self.board = Board(Listeners())
        self.updates = Updates(
            Settings(url="http://flags.test", api_key="fs_srv_1_x"),
            self.configuration,
            self.board,
            stream=self,
            http=self,
            on_change=lambda _: None,
            stopping=self.stopping,
            wait=self._wait,
            clock=lambda: self._now,
            tracing=NoTracing(),
        )

    def follow(self, *, since: int, on_frame: Callable[[str | bytes], bool]) -> Ending:
        del since
        while on_frame(self._message()) and not self.stopping.is_set():
            continue
        return Ending(Cause.LOST, "lost")

    def fetch(self, *, since: int | None) -> bytes | None:
        del since
        message = self._message()
        return message.encode() if isinstance(message, str) else message

    def _wait(self, seconds: float) -> None:
        self._now += seconds

    def _message(self) -> str | bytes:
        self._left -= 1
        if not self._left:
            self.stopping.set()
        self.seen.append(message := self._wrong(self._right()))
        return message

    def _right(self) -> Json:
        chance, held = self._mutations.random, self.configuration.revision
        revision = held + chance.choice((0, 1, 1, 2, -1))
        whole = self._mutations.case().snapshot | {"revision": revision}
        delta = whole | {"since": held + chance.choice((0, 0, 0, -1, 1))}
        heartbeat: Json = {"revision": revision}
        return chance.choice((whole, delta, delta, heartbeat))

    def _wrong(self, document: Json) -> str | bytes:
        chance = self._mutations.random
        data = json.dumps(self._mutations.altered(document) if chance.random() < 1 / 3 else document).encode()
        data = self._mutations.spoilt(data) if chance.random() < 1 / 3 else data
        if chance.random() < 1 / 3:
            packed = gzip.compress(data, compresslevel=1)
            return self._mutations.spoilt(packed) if chance.random() < 1 / 3 else packed
        return data.decode(errors="replace")


def test_an_sdk_goes_on_whatever_it_is_sent() -> None:
    mutations, revisions = Mutations(), 0
    for _ in range(1 + ROUNDS // MESSAGES):
        play = Play(mutations)
        try:
            play.updates.run()
        except Exception as error:
            raise AssertionError(f"{play.seen[-1]!r}") from error
        revisions += play.configuration.revision
        assert play.configuration.snapshot.evaluate_all({"id": "ann"}) is not None
    assert revisions, "right ones came through"


def test_a_message_nested_without_end_is_refused() -> None:
    with pytest.raises(Unreadable):
        Protocol(max_message_bytes=10_000_000).receive(b'{"revision":1,"flags":'.decode() + DEEP.decode(), holding=0)


def test_a_small_message_that_unpacks_to_a_huge_one_is_refused() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with pytest.raises(Unreadable):
        Protocol(max_message_bytes=1_000_000).receive(bomb, holding=0)


@pytest.mark.parametrize("content", [DEEP, b'{"format":2,"server":"x","key":"1","seal":"","snapshot":' + DEEP, b"\xff"])
def test_a_cached_file_that_cannot_be_read_starts_nothing_and_raises_nothing(tmp_path: Path, content: bytes) -> None:
    cache = tmp_path / "flags.json"
    cache.write_bytes(content)
    with FlagClient("http://127.0.0.1:1", "fs_srv_1_x", offline=True, cache_path=cache) as client:
        assert not client.status().ready


def test_wrong_cached_files_raise_nothing(tmp_path: Path) -> None:
    mutations, cache = Mutations(), tmp_path / "flags.json"
    for _ in range(ROUNDS // 20):
        file = {
            "format": 2,
            "server": "http://127.0.0.1:1",
            "key": "1",
            "seal": "x",
            "snapshot": mutations.case().snapshot,
        }
        cache.write_bytes(mutations.spoilt(json.dumps(file).encode()))
        with FlagClient("http://127.0.0.1:1", "fs_srv_1_x", offline=True, cache_path=cache) as client:
            assert not client.status().ready, "without the seal, nobody wrote it"
