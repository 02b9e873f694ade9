"""No attribute of a context is in anything that is kept or sent: every door is asked, everything produced is searched.

What a page or a body answers to whoever asked is theirs. All else is looked at after it has left the process: the log,
every row of every table, spans, reports to Sentry, metrics, and what the SDK counts, logs and keeps on disk.
"""

import gzip
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from flagsite_sdk import FlagClient

from flagsite.lib.moments import rfc3339
from tests.collector import collecting
from tests.ports import eventually
from tests.processes.site import Process, Site

SECRET = "marked-secret-4711"
ATTRIBUTES: dict[str, Any] = {"email": f"{SECRET}@harbour.example", "notes": [SECRET], "card": {"number": SECRET}}
ANN: dict[str, Any] = {"id": "ann", "country": "US", **ATTRIBUTES}
TROUBLE = {**ANN, "trouble": True}
"""With these the engine raises (tests/processes/troubled.py)."""
ONE, ALL = "/ofrep/v1/evaluate/flags/flag-0001", "/ofrep/v1/evaluate/flags"
AUDIT = "/flags/flag-0001/audit"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
RECORDED = "SELECT count(*) FROM flags_recordedevaluation"
SIGN_IN = """
import django, json
django.setup()
from django.test import Client
from accounts.models import User
browser = Client()
browser.force_login(User.objects.get(username="ada"), backend="django.contrib.auth.backends.ModelBackend")
print(json.dumps({name: morsel.value for name, morsel in browser.cookies.items()}))
"""


@contextmanager
def sentry() -> Iterator[tuple[str, list[bytes]]]:
    """A Sentry of the test's own: its DSN, and every envelope that came."""
    came: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *facts: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://public@127.0.0.1:{server.server_port}/1", came
        server.shutdown()


def ask_over_http(site: Site, process: Process) -> None:
    """Decide and explain by every address, rightly, wrongly and where it fails inside."""
    report = {
        "batch": "6f1c0a52-3f0e-4c8e-9d5e-2f6f0f6a9a11",
        "sdk": {"name": "test", "version": "1", "instance": "1"},
        "evaluations": [
            {"flag": "flag-0001", "context_id": "ann", "variation": "on", "reason": "FALLTHROUGH", "revision": 1}
            | {"time": rfc3339(datetime.now(UTC)), "attributes": ATTRIBUTES}
        ],
    }
    targeted = {"targetingKey": "ann", **ATTRIBUTES}
    asked: list[tuple[int, str, Any]] = [
        (200, "/evaluate", {"flag_key": "flag-0001", "context": ANN}),
        (200, "/evaluate", {"context": ANN}),
        (404, "/evaluate", {"flag_key": "no-such-flag", "context": ANN}),
        (400, "/evaluate", {"flag_key": "flag-0001", "context": ATTRIBUTES}),
        (400, "/evaluate", {"context": {"id": 5, **ATTRIBUTES}}),
        (400, "/evaluate", f'{{"context": "{SECRET}'),
        (500, "/evaluate", {"flag_key": "flag-0001", "context": TROUBLE}),
        (500, "/evaluate", {"context": TROUBLE}),
        (200, ONE, {"context": targeted}),
        (200, ALL, {"context": targeted}),
        (400, ONE, {"context": {"targetingKey": [SECRET]}}),
        (500, ONE, {"context": {**targeted, "trouble": True}}),
        (202, "/sdk/events", report),
    ]
    with site.sdk_api(process) as sdk:
        sdk.headers["Content-Type"] = "application/json"
        for status, path, body in asked:
            answer = sdk.post(path, content=body if isinstance(body, str) else json.dumps(body))
            assert answer.status_code == status, (path, answer.text)
    explained = {"environment": "production", "user_id": "ann", "attr.email": SECRET, "attr.country": SECRET}
    with site.api(process) as people:
        assert people.get(AUDIT, params=explained).status_code == 200
        assert people.get(AUDIT, params={**explained, "at": "x"}).status_code == 400
        assert people.get(AUDIT, params={**explained, "attr.trouble": "yes"}).status_code == 500


def ask_at_the_desk(site: Site, process: Process) -> None:
    """Try a context in the admin: by rows, as JSON, for all flags, and where it fails inside."""
    address = f"{process.url}/admin/flags/flag/tester/"
    session = json.loads(site.run("-c", SIGN_IN))
    with httpx.Client(cookies=session, timeout=20, trust_env=False) as browser:
        page = browser.get(address)
        assert page.status_code == 200
        token = page.cookies["flagsite-csrf"]
        browser.headers["X-CSRFToken"] = token
        asked = {"flag": "flag-0001", "environment": "production", "id": "ann", "show": "flag"}
        rows = {"attribute_name": "email", "attribute_type": "text", "attribute_value": SECRET, "given_as": "rows"}
        shown = browser.post(address, data={**asked, **rows})
        assert (shown.status_code, SECRET in shown.text) == (200, True), "the person sees what they typed"
        as_json = {**asked, "given_as": "json", "json": json.dumps(ANN)}
        assert browser.post(address, data=as_json).status_code == 200
        assert browser.post(address, data={**as_json, "show": "all"}).status_code == 200
        failed = browser.post(address, data={**as_json, "json": json.dumps(TROUBLE), "show": "all"})
        assert failed.status_code == 500
        assert SECRET not in failed.text


def ask_the_sdk(site: Site, process: Process, kept: Path) -> None:
    """Decide in this process, record everything, and report it."""
    settings: dict[str, Any] = {"cache_path": kept, "cache_interval": 0.1, "record_evaluations": 1.0}
    with FlagClient(process.url, site.server_key, tracing=True, **settings) as client:
        assert client.wait_until_ready(10)
        assert client.evaluate_all(ANN)
        for context in (ANN, {**ANN, "id": 5}, ATTRIBUTES, {**ANN, "notes": {SECRET}}):
            client.is_enabled("flag-0001", context)
            client.is_enabled("no-such-flag", context)
        client.track("purchase", ANN, value=3)
        assert client.flush()


def everything_in(site: Site) -> str:
    """Return every row of every table."""
    tables = [name for (name,) in site.rows(TABLES)]
    return "\n".join(row for name in tables for (row,) in site.rows(f'SELECT t::text FROM "{name}" t'))  # noqa: S608


@dataclass(frozen=True)
class Watched:
    """A process, and what others were sent by it."""

    process: Process
    spans: list[bytes]
    reports: list[bytes]


@pytest.fixture
def watched(site: Site) -> Iterator[Watched]:
    """A stream process that logs everything, traces, reports to Sentry and fails for some contexts."""
    with collecting() as collector, sentry() as (dsn, reports):
        site.environment |= {
            "LOG_LEVEL": "DEBUG",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "SENTRY_DSN": dsn,
        }
        yield Watched(site.program("tests.processes.troubled"), collector.bodies, reports)


def test_no_attribute_of_a_context_is_in_anything_that_is_kept_or_sent(
    site: Site, watched: Watched, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="flagsite_sdk")
    ask_over_http(site, watched.process)
    ask_at_the_desk(site, watched.process)
    ask_the_sdk(site, watched.process, tmp_path / "kept.json")
    eventually(lambda: site.rows(RECORDED) >= [(10,)], what="what was decided is written down")
    metrics = httpx.get(f"{watched.process.url}/metrics", trust_env=False).text
    watched.process.end()  # it sends and writes what is left

    produced = {
        "log": watched.process.said(),
        "rows": everything_in(site),
        "spans": b"".join(watched.spans).decode(errors="replace"),
        "sentry": b"".join(watched.reports).decode(),
        "metrics": metrics,
        "sdk's log": caplog.text,
        "sdk's file": (tmp_path / "kept.json").read_text(errors="replace"),
    }
    assert {where for where, what in produced.items() if SECRET in what} == set()
    there = {
        "log": ["in_trouble", "a stranger failed", "ValueError", '"flagsite.evaluations"'],
        "rows": ["ann", "purchase", "flag-0001"],
        "spans": ["ann", "flag-0001"],
        "sentry": ["ValueError", "in_trouble"],
        "metrics": ["flag-0001"],
        "sdk's log": ["no-such-flag"],
        "sdk's file": ["flag-0001"],
    }
    assert [(where, word) for where in produced for word in there[where] if word not in produced[where]] == []
