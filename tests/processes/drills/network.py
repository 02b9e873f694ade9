"""A road to processes on which everything can happen to bytes: they pass, are late, stay away, or are cut in halves.

It knows nothing of what the bytes mean.
"""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self

from tests.ports import free_port

_PIECE: Final = 65_536


class Network:
    """Forwards TCP from a port of its own to processes, in a thread: to each in turn, past those that are away."""

    def __init__(self, *to: int) -> None:
        self._to = list(to)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.delay = 0.0
        """Seconds by which every piece is late, in both directions."""
        self.still_to_cut = 0
        """How many connections are to be cut in the middle of what comes next from a process."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._passes = asyncio.Event()
        self._passes.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._connected, "127.0.0.1", self.port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def leave_out(self, port: int) -> None:
        """Send nobody to this process from now on; whoever is there already stays."""
        self._to = [each for each in self._to if each != port]

    def take_in(self, port: int) -> None:
        """Send people to this process again."""
        self._to = [*self._to, port]

    def go_silent(self) -> None:
        """Let nothing through from now on, in no direction; nobody is told."""
        self._loop.call_soon_threadsafe(self._passes.clear)

    def heal(self) -> None:
        """Let everything through again, what was held back first, as TCP does."""
        self._loop.call_soon_threadsafe(self._passes.set)

    def cut_in_the_middle(self, connections: int) -> None:
        """Of the next so many answers or messages let half pass, and break those connections."""
        self.still_to_cut += connections

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there, back = await self._reached()
        if there is None or back is None:  # no process is there: neither are we
            writer.transport.abort()
            return
        up = asyncio.create_task(self._carry(reader, back, can_be_cut=False))
        down = asyncio.create_task(self._carry(there, writer, can_be_cut=True))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in (up, down):
                end.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            for side in (writer, back):
                side.transport.abort()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | tuple[None, None]:
        for _ in self._to:
            self._to = [*self._to[1:], self._to[0]]
            try:
                return await asyncio.open_connection("127.0.0.1", self._to[-1])
            except OSError:
                continue
        return None, None

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, can_be_cut: bool) -> None:
        try:
            while piece := await source.read(_PIECE):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._passes.wait()
                if can_be_cut and self.still_to_cut:
                    self.still_to_cut -= 1
                    to.write(piece[: len(piece) // 2])
                    await to.drain()
                    return
                to.write(piece)
                await to.drain()
        except OSError:
            return

    async def _close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)
