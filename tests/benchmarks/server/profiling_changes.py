"""`python -m tests.benchmarks.server.profiling_changes`: where the time of one `PATCH /flags/…` goes, part by part.

In one process, without HTTP, on real PostgreSQL whose commits reach the disk: statements, milliseconds of CPU of the
thread that answers and milliseconds by the clock, of the best of five rounds.
"""

import io
import logging
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.server.installation import installation, start_services

ROUNDS, CHANGES, FLAGS = 5, 100, 1_000

PARTS: Final = (
    ("who asks", "accounts.api.authentication", "key_of_header"),
    ("project and environment", "flags.api.views", "scope_of"),
    ("reading the query", "flags.api.views", "read_query"),
    ("reading the body", "flags.api.views", "read_body"),
    ("may they", "flags.services.changes", "require"),
    ("the environment's lock", "flags.services.changes", "lock_environments"),
    ("the flag", "flags.services.changes", "lock_flag"),
    ("its state", "flags.services.changes", "states_of"),
    ("is it right", "flags.services.changes", "draft"),
    ("does it name what there is", "flags.services.changes", "check_references"),
    ("writing the state", "flags.services.writing", "write_state"),
    ("the audit log", "flags.services.writing", "record"),
    ("the revision", "flags.services.writing", "publish"),
    ("telling other processes, after the commit", "flags.publishing.publish", "_announce"),
    ("the answer", "flags.api.views", "_answer"),
)
"""What is timed: a name, and where it is called from. None of them calls another."""


class Tally:
    """What the parts took, added up."""

    def __init__(self) -> None:
        self.cpu: defaultdict[str, float] = defaultdict(float)
        self.clock: defaultdict[str, float] = defaultdict(float)
        self.statements: Counter[str] = Counter()
        self._all = 0

    def statement(self, execute: Callable[..., Any], *args: Any) -> Any:
        """Count what is sent to the database."""
        self._all += 1
        return execute(*args)

    def timed(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return the work, which is put down under the part's name."""

        def measured(*args: Any, **kwargs: Any) -> Any:
            sent, cpu, clock = self._all, time.thread_time(), time.perf_counter()
            try:
                return work(*args, **kwargs)
            finally:
                self.cpu[part] += time.thread_time() - cpu
                self.clock[part] += time.perf_counter() - clock
                self.statements[part] += self._all - sent

        return measured


def main() -> None:
    """Print the parts, then the whole."""
    start_services()
    with installation(flags=FLAGS) as site:
        os.environ.update(site.environment)
        from flagsite import wsgi

        with Path(os.devnull).open("w") as nowhere:
            for handler in logging.getLogger().handlers:
                handler.setStream(nowhere)  # type: ignore[attr-defined]  # the one that writes to the terminal
            best = min((_round(wsgi.application, site.seeded["editor_token"], n) for n in range(ROUNDS)), key=_whole)
        for part, *_ in (*PARTS, ("the whole request, commit and the rest among it",)):
            each = best.statements[part], best.cpu[part] / CHANGES * 1e3, best.clock[part] / CHANGES * 1e3
            sys.stdout.write(f"{part:<50} {each[0] / CHANGES:>4.0f} {each[1]:>7.2f} ms {each[2]:>7.2f} ms\n")
        from django.db import connections

        from flags import recording

        recording.stop_writing()
        connections.close_all()


def _whole(tally: Tally) -> float:
    return tally.cpu["the whole request, commit and the rest among it"]


def _round(application: Any, token: str, number: int) -> Tally:
    from importlib import import_module
    from unittest.mock import patch

    from django.db import connection

    tally = Tally()
    patches = [patch(f"{module}.{name}", tally.timed(part, getattr(import_module(module), name)))
               for part, module, name in PARTS]  # fmt: skip
    change = tally.timed("the whole request, commit and the rest among it", _change)
    with connection.execute_wrapper(tally.statement):
        for each in patches:
            each.start()
        for flag in range(CHANGES):
            change(application, token, flag=flag, percentage=number + 1)
        for each in patches:
            each.stop()
    return tally


def _change(application: Any, token: str, *, flag: int, percentage: int) -> None:
    body = b'{"rollout_percentage": %d}' % percentage
    environ = {
        "REQUEST_METHOD": "PATCH", "PATH_INFO": f"/flags/flag-{flag:04}", "REMOTE_ADDR": "127.0.0.1",
        "QUERY_STRING": "project=shop&environment=production", "HTTP_HOST": "localhost", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "HTTP_AUTHORIZATION": f"Bearer {token}", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http",
    }  # fmt: skip
    said: list[str] = []
    answer = application(environ, lambda status, *_: said.append(status))
    answer.close()
    if said != ["200 OK"]:
        raise SystemExit(f"the change was refused: {said}")


if __name__ == "__main__":
    main()
