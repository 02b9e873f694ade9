"""What was evaluated is recorded, whatever becomes of the process; and log, API and admin tell the same of it."""

import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from flags.recording.recorder import FLUSH_SECONDS
from flagsite.lib.moments import rfc3339
from tests.docs.markdown import page
from tests.ports import eventually
from tests.processes.site import Process, Site

FLAGS = 5
HOW_TO = page("docs/how-to/ask-what-was-evaluated.md")
SLACK = 1.5
"""Seconds that a flush may take on a busy machine."""

ROWS = """
import django, json
django.setup()
from django.db.models import Sum
from flags.models import EvaluationCount, RecordedEvaluation
rows = RecordedEvaluation.objects.values_list("context_id", "time")
print(json.dumps({
    "rows": [[user, time.isoformat()] for user, time in rows],
    "counted": EvaluationCount.objects.aggregate(Sum("count"))["count__sum"] or 0,
}))
"""
ADMIN = """
import django, json
django.setup()
from django.test import Client
from django.test.utils import setup_test_environment
from accounts.models import User
from flags.models import Flag
setup_test_environment()
browser = Client()
browser.force_login(User.objects.get(username="ada"), backend="django.contrib.auth.backends.ModelBackend")
flag = Flag.objects.get(project__key="shop", key="{key}")
page = browser.post(f"/admin/flags/flag/{{flag.pk}}/evaluations/", {{"since": "1h"}})
print(json.dumps(page.context["rows"], default=str))
"""

NEIGHBOUR = """
import django
django.setup()
from accounts.actors import Actor
from accounts.services import create_project, issue_server_key
from flags.services import create_flag, open_environment
by = Actor.system("tests")
project = create_project(key="stall", name="Stall", by=by)
production = open_environment(project=project, key="production", name="Production", by=by)
variations = [{"key": "on", "value": True}, {"key": "off", "value": False}]
create_flag(
    project=project, environment=production, key="flag-0001", by=by, comment="",
    fields={"type": "boolean", "variations": variations},
)
print(issue_server_key(environment=production, name="SDK", by=by)[1], end="")
"""
"""Another project, whose environment and flag have the same keys; prints a key of it."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A fresh installation that logs every evaluation."""
    site = Site(tmp_path, flags=FLAGS)
    site.environment["LOG_LEVEL"] = "INFO"
    yield site
    site.close()


def start(kind: str, site: Site) -> Process:
    process: Process = getattr(site, kind)()
    return process


def lines(process: Process) -> list[dict[str, Any]]:
    """What the process has logged of evaluations."""
    found = [json.loads(line) for line in process.said().splitlines() if '"flagsite.evaluations"' in line]
    return [line for line in found if line["logger"] == "flagsite.evaluations"]


class Load:
    """People who evaluate without a pause, until the server is gone."""

    def __init__(self, site: Site, process: Process, people: int = 4) -> None:
        self.answered: list[str] = []
        self._stopping = threading.Event()
        self._site, self._process = site, process
        self._threads = [threading.Thread(target=self._evaluate, args=(number,)) for number in range(people)]
        for thread in self._threads:
            thread.start()

    def _evaluate(self, number: int) -> None:
        with self._site.sdk_api(self._process) as sdk:
            for turn in range(1_000_000):
                if self._stopping.is_set():
                    return
                user = f"user-{number}-{turn}"
                try:
                    answer = sdk.post("/evaluate", json={"flag_key": "flag-0001", "context": {"id": user}})
                except httpx.HTTPError:
                    return
                if answer.status_code == 200:
                    self.answered.append(user)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()


@pytest.mark.parametrize("kind", ["web", "stream"])
def test_a_process_that_is_told_to_stop_under_load_loses_no_record(kind: str, site: Site) -> None:
    process = start(kind, site)
    load = Load(site, process)
    eventually(lambda: len(load.answered) > 100, within=30)
    site.run("-c", "import django; django.setup(); from flags.services import make_partitions; make_partitions()")
    written = len(load.answered)  # from here on they are written into the day's own partition
    eventually(lambda: len(load.answered) > written + 200, within=30)
    process.end(signal.SIGTERM)
    load.stop()
    found = json.loads(site.run("-c", ROWS))
    users = [user for user, _ in found["rows"]]
    assert len(users) == len(set(users)), "nothing is recorded twice"
    assert set(load.answered) <= set(users), process.said()[-2_000:]
    assert sorted(users) == sorted(line["context_id"] for line in lines(process))
    assert found["counted"] == len(users)


def test_a_process_that_is_killed_loses_its_last_flush_interval_at_most_and_the_counts_say_so(site: Site) -> None:
    process = start("web", site)
    load = Load(site, process)
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 2 * FLUSH_SECONDS + SLACK, within=30)
    killed = datetime.now(UTC)
    process.kill()
    load.stop()
    found = json.loads(site.run("-c", ROWS))
    users = {user for user, _ in found["rows"]}
    decided = lines(process)
    lost = [line for line in decided if line["context_id"] not in users]
    assert lost, "else it was not killed in the middle"
    assert len(lost) < len(decided), "else nothing was ever written"
    assert min(line["time"] for line in lost) > rfc3339(killed - timedelta(seconds=FLUSH_SECONDS + SLACK))
    assert found["counted"] == len(users) == len(decided) - len(lost)


def test_all_evaluations_of_a_flag_in_the_last_hour_are_the_same_in_log_api_and_admin(site: Site) -> None:
    if shutil.which("jq") is None:
        pytest.skip("the documented command on the logs needs jq (.ci/run installs it)")
    process = start("web", site)
    neighbour = {"Authorization": f"Bearer {site.run('-c', NEIGHBOUR)}"}
    with site.sdk_api(process) as sdk, site.api(process) as api:
        for country in ("US", "DE"):
            context = {"id": f"ann-{country}", "country": country}
            assert sdk.post("/evaluate", json={"flag_key": "flag-0001", "context": context}).status_code == 200
            assert sdk.post("/evaluate", json={"flag_key": "flag-0002", "context": context}).status_code == 200
            assert sdk.post("/evaluate", json={"context": context}).status_code == 200
            ofrep = {"context": {"targetingKey": f"ben-{country}", "country": country}}
            assert sdk.post("/ofrep/v1/evaluate/flags/flag-0001", json=ofrep).status_code == 200
            assert sdk.post("/ofrep/v1/evaluate/flags", json=ofrep).status_code == 200
            theirs = {"flag_key": "flag-0001", "context": {"id": "their-user"}}
            assert sdk.post("/evaluate", json=theirs, headers=neighbour).status_code == 200

        asked_for = {"project": "shop", "environment": "production", "since": "1h"}

        def asked() -> list[dict[str, Any]]:
            found = api.get("/flags/flag-0001/evaluations", params=asked_for)
            results: list[dict[str, Any]] = found.json()["results"]
            return results

        eventually(lambda: len(asked()) == 8, within=10)
        by_api = asked()
    by_admin = json.loads(site.run("-c", ADMIN.format(key="flag-0001")))
    by_log = _jq("flag-0001", process)
    assert "their-user" in process.said(), "else it would be no wonder that nobody finds them"
    fields = ("time", "context_id", "variation", "reason", "rule", "revision")
    told = [tuple(row[name] for name in fields) for row in by_api]
    assert sorted(told) == sorted(tuple(row[name] for name in fields) for row in by_admin)
    assert sorted(told) == sorted(tuple(row[name] for name in fields) for row in by_log)


def _jq(key: str, process: Process) -> list[dict[str, Any]]:
    """What the documented command answers."""
    (block,) = (block.text for block in HOW_TO.blocks if block.text.startswith("jq "))
    command = block.replace("new-checkout", key).replace("flagsite.log", "/dev/stdin")
    done = subprocess.run(["/bin/sh", "-c", command], input=process.said(), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
