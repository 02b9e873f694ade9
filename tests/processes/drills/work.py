"""A drill from its beginning, everybody is at work, to its end, all is well: what every drill promises stands here."""

from itertools import pairwise
from types import TracebackType
from typing import Any, Final, Self

import httpx

from tests.ports import eventually
from tests.processes.drills.people import FLAGS, Decider, Reader, Worker, Writer, decisions_by
from tests.processes.site import Site

PATIENCE: Final = 60.0
"""Seconds within which all must be well again; it takes one or two on a machine that does nothing else."""

HISTORY: Final = "SELECT comment FROM flags_revision WHERE number > {} AND comment LIKE 'change %' ORDER BY number"
NUMBERS: Final = "SELECT number FROM flags_revision ORDER BY number"
HEAD: Final = "SELECT revision FROM accounts_environment WHERE key = 'production'"
COUNTED: Final = """
    SELECT coalesce(sum(count), 0) FROM (
        SELECT flag_key, count FROM flags_evaluationcount UNION ALL
        SELECT flag_key, count FROM flags_hourcount UNION ALL
        SELECT flag_key, count FROM flags_daycount
    ) AS counts WHERE flag_key IN {}
"""


class Work:
    """A writer, a reader and SDKs. The first two ask `web`, the SDKs follow `stream`; both are addresses."""

    def __init__(
        self, site: Site, *, web: str, stream: str, deciders: int = 3, keeps_alive: bool = True, **settings: Any
    ) -> None:
        self._site = site
        self._begins_after = self.head()
        self._counted_before = self._counted()
        self.writer = Writer(web, site.api_token, keeps_alive=keeps_alive)
        self.reader = Reader(web, site.server_key, keeps_alive=keeps_alive)
        self.deciders = [Decider(stream, site.server_key, **settings) for _ in range(deciders)]
        self.decided_elsewhere = 0
        """Evaluations by SDKs of a drill's own, which they have reported."""
        self._workers: list[Worker] = [self.writer, self.reader, *self.deciders]

    def __enter__(self) -> Self:
        for worker in self._workers:
            worker.start()
        self.goes_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def head(self) -> int:
        """Return the number of the last revision."""
        ((head,),) = self._site.rows(HEAD)
        return int(head)

    def goes_on(self, *, changes: int = 5) -> None:
        """Wait until everybody has got something done from now on: so many changes, and SDKs that have the newest."""
        wanted = len(self.writer.acknowledged) + changes
        eventually(lambda: len(self.writer.acknowledged) >= wanted, within=PATIENCE, what="changes are acknowledged")
        answered = self.reader.answers["200"]
        eventually(lambda: self.reader.answers["200"] > answered, within=PATIENCE, what="the reader is answered")
        head = self.head()
        eventually(lambda: self._have_come_to(head), within=PATIENCE, what=f"every SDK has come to revision {head}")

    def goes_on_without_sdks(self) -> None:
        """Wait until changes were made that no SDK can have heard of."""
        wanted = len(self.writer.acknowledged) + 5
        eventually(lambda: len(self.writer.acknowledged) >= wanted, within=PATIENCE, what="changes are acknowledged")

    def all_is_well(self, web: str) -> None:
        """End the work; every promise is kept. `web` is the address of a process that answers by now."""
        self.goes_on()
        self.writer.end()
        self.reader.end()
        self._acknowledged_changes_are_there_in_order()
        self._every_sdk_decides_as_the_server_does(web)
        self._every_evaluation_is_counted_once()
        assert [problem for worker in self._workers for problem in worker.problems] == []
        assert "whole" in self._site.run("manage.py", "verify_history")

    def _acknowledged_changes_are_there_in_order(self) -> None:
        found = [comment for (comment,) in self._site.rows(HISTORY.format(self._begins_after))]
        acknowledged = set(self.writer.acknowledged)
        assert [comment for comment in found if comment in acknowledged] == self.writer.acknowledged
        there = set(found)
        assert [name for name in self.writer.asked if name in there] == found, "in order, none twice, none made up"
        numbers = [number for (number,) in self._site.rows(NUMBERS)]
        assert numbers == list(range(1, len(numbers) + 1)), "no gap in the chain"

    def _every_sdk_decides_as_the_server_does(self, web: str) -> None:
        head = self.head()
        eventually(lambda: self._have_come_to(head), within=PATIENCE, what="every SDK has the last revision")
        headers = {"Authorization": f"Bearer {self._site.server_key}"}
        configuration = httpx.get(f"{web}/sdk/config", headers=headers, trust_env=False)
        assert configuration.json()["revision"] == head
        wanted = decisions_by(configuration.content)
        for decider in self.deciders:
            assert decider.decisions() == wanted
            assert all(before < after for before, after in pairwise(decider.revisions)), "never back in time"

    def _every_evaluation_is_counted_once(self) -> None:
        for decider in self.deciders:
            decider.stopping.set()
            decider.join()
            eventually(decider.client.flush, within=PATIENCE, what="everything is reported")
            assert decider.client.status().dropped_counts == 0
            decider.end()
        decided = self.decided_elsewhere + sum(decider.decided + decider.decided_at_once for decider in self.deciders)
        counted = self._counted() - self._counted_before
        assert counted == decided, f"{counted} of {decided} evaluations are counted"

    def _have_come_to(self, revision: int) -> bool:
        return all(decider.client.status().revision >= revision for decider in self.deciders)

    def _counted(self) -> int:
        ((counted,),) = self._site.rows(COUNTED.format(FLAGS))
        return int(counted)
