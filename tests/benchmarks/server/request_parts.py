"""`python -m tests.benchmarks.server.request_parts`: where the time of a request on the short road goes, part by part.

In one process, without HTTP, on real PostgreSQL: µs of CPU of the thread that answers, the best of five rounds. What
others do for it later, `tests.benchmarks.recording_parts` measures.
"""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks.server.installation import start_services, within_this_process

ROUNDS, CALLS = 5, 2_000
CONTEXT = {"id": "user-1", "country": "US", "plan": "pro"}


def main() -> None:
    """Print the parts of an evaluation of one flag, of all 100, and of a download."""
    start_services()
    with within_this_process(flags=100) as site:
        from flagsite import wsgi

        for name, part in _parts(wsgi.application, site.server_key):
            sys.stdout.write(f"{name:<58} {_micro(part):>6.1f} µs\n")


def _parts(application: Any, key: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    from accounts.models import Environment
    from flags import evaluation
    from flags.api import replies
    from flags.serving.callers import Callers
    from flags.snapshots import snapshot_of
    from flagsite.lib import request_metrics

    environment = Environment.objects.select_related("project").latest("revision")
    answers, callers = snapshot_of(environment).answers, Callers(now=lambda: 0.0)
    one, every = answers.one("flag-0042", CONTEXT), answers.all(CONTEXT)
    header = f"Bearer {key}"

    def ask(path: str, body: Any = None, **more: str) -> None:
        encoded = b"" if body is None else json.dumps(body).encode()
        environ = {
            "REQUEST_METHOD": "GET" if body is None else "POST", "PATH_INFO": path, "QUERY_STRING": "",
            "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost", "HTTP_AUTHORIZATION": header,
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(encoded)),
            "wsgi.input": io.BytesIO(encoded), **more,
        }  # fmt: skip
        application(environ, lambda *_: None)

    yield "who asks: a key that is known", lambda: callers.of(header, address="127.0.0.1")
    yield "deciding one flag", lambda: answers.one("flag-0042", CONTEXT)
    yield "recording it, its log line among it", lambda: evaluation.note(environment, CONTEXT, one)
    yield "its answer", lambda: replies.evaluation(one)
    yield "metrics of a request", lambda: request_metrics.answered("view", "POST", status=200, seconds=0.001)
    yield (
        "POST /evaluate, one flag, everything above and reading it",
        lambda: ask("/evaluate", {"flag_key": "flag-0042", "context": CONTEXT}),
    )
    yield "deciding 100 flags", lambda: answers.all(CONTEXT)
    yield "recording them in bounds, their log line among it", lambda: evaluation.note_all(environment, CONTEXT, every)
    yield "their answer", lambda: replies.evaluations(every, environment)
    yield "POST /evaluate, all 100 flags", lambda: ask("/evaluate", {"context": CONTEXT})
    yield "OFREP, all 100 flags", lambda: ask("/ofrep/v1/evaluate/flags", {"context": CONTEXT})
    yield "GET /sdk/config, whole, gzip", lambda: ask("/sdk/config", HTTP_ACCEPT_ENCODING="gzip")
    yield "GET /sdk/config, 304", lambda: ask("/sdk/config", HTTP_IF_NONE_MATCH="*")


def _micro(part: Callable[[], Any]) -> float:
    part()
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.thread_time()
        for _ in range(CALLS):
            part()
        best = min(best, time.thread_time() - began)
    return best / CALLS * 1e6


if __name__ == "__main__":
    main()
