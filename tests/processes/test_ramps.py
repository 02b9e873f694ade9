"""Ramps under fire: whatever is killed or restarted, every step is taken exactly once, in order; revisions prove it."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from flagsite_sdk import FlagClient

from tests.ports import eventually
from tests.processes.site import Process, Site, sees

RAMPS = 200
STEPS = [{"percentage": 10, "after": "2s"}, {"percentage": 100, "after": "2s"}]
TAKEN = [1, 10, 100]

REVISIONS = """
    SELECT item.key, (revision.delta::json -> 'flags' -> item.key ->> 'rollout_percentage')::float
    FROM flags_revisionitem item JOIN flags_revision revision ON revision.id = item.revision_id
    WHERE revision.source = 'ramp' ORDER BY revision.number
"""


def start(site: Site, *, due_in: float, steps: list[dict[str, Any]] = STEPS) -> int:
    """Start a ramp of every flag, all due in the same moment; return how many."""
    return int(site.run("-m", "tests.processes.ramping", str(due_in), json.dumps(steps)))


def taken(site: Site) -> dict[str, list[float]]:
    """Return the percentages of each flag's revisions by ramps, in the order of the revisions."""
    found: dict[str, list[float]] = {}
    for key, percentage in site.rows(REVISIONS):
        found.setdefault(key, []).append(percentage)
    return found


def how_many(site: Site) -> int:
    ((number,),) = site.rows("SELECT count(*) FROM flags_revision WHERE source = 'ramp'")
    return int(number)


def assert_all_taken_once(site: Site, ramps: int, *, within: float) -> None:
    statuses = "SELECT status, count(*) FROM rollouts_ramp GROUP BY status"
    eventually(lambda: site.rows(statuses) == [("finished", ramps)], within=within, what="every ramp is finished")
    assert set(map(tuple, taken(site).values())) == {tuple(TAKEN)}
    assert len(taken(site)) == ramps
    numbers = [number for (number,) in site.rows("SELECT number FROM flags_revision ORDER BY number")]
    assert numbers == list(range(1, len(numbers) + 1)), "no gap in the chain"


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**options: Any) -> Site:
        made.append(Site(tmp_path, **options))
        return made[-1]

    yield make
    for site in made:
        site.close()


def test_two_hundred_in_the_same_second_with_workers_beats_and_redis_killed(make_site: Callable[..., Site]) -> None:
    site = make_site(flags=RAMPS)
    workers, beats = [site.worker(beats=False), site.worker(beats=False)], [site.beat(), site.beat()]
    stream = site.stream()
    with FlagClient(stream.url, site.server_key, report=False) as client:
        ramps = start(site, due_in=2)
        eventually(lambda: how_many(site) > RAMPS // 4, within=30, what="the first steps are taken")
        workers[0].kill()
        beats[0].kill()
        eventually(lambda: how_many(site) > RAMPS, within=30, what="the other worker goes on")
        workers[1].kill()
        site.redis.kill()
        site.redis.start()
        for process in (*workers, beats[0]):
            process.start()
        assert_all_taken_once(site, ramps, within=120)
        for number in range(0, RAMPS, 20):
            sees(partial(_reason, client, f"flag-{number:04}"), "FALLTHROUGH")


def _reason(client: FlagClient, key: str) -> str:
    return client.evaluate_detail(key, {"id": "ann"}).reason


def test_the_database_is_restarted_under_them(postgresql: Any, make_site: Callable[..., Site]) -> None:
    site = make_site(flags=30, postgresql=postgresql.get_uri())
    site.worker()
    ramps = start(site, due_in=2)
    eventually(lambda: how_many(site) > 0, within=30)
    postgresql.stop()
    postgresql.start()
    assert_all_taken_once(site, ramps, within=60)


def test_a_web_process_that_is_killed_half_way_leaves_no_half_a_step(make_site: Callable[..., Site]) -> None:
    """Somebody takes a step by hand, and the process dies so many milliseconds after it was asked."""
    site = make_site(flags=8)
    web = site.web()
    start(site, due_in=600, steps=STEPS)
    unanswered = 0
    for number, milliseconds in enumerate((0, 4, 8, 12, 16, 20, 30, 50)):
        unanswered += _ask_and_kill(site, web, f"/flags/flag-{number:04}/ramp", after=milliseconds / 1_000)
    assert unanswered, "it was always too late"
    assert {tuple(steps) for steps in _by_hand(site).values()} == {(1.0,)}
    logged = "SELECT ramp_id, count(*) FROM rollouts_occurrence WHERE kind = 'step' GROUP BY ramp_id"
    assert [count for _, count in site.rows(logged)] == [1] * 8


def _by_hand(site: Site) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for key, percentage in site.rows(REVISIONS.replace("= 'ramp'", "= 'api'")):
        found.setdefault(key, []).append(percentage)
    return found


def _ask_and_kill(site: Site, web: Process, path: str, *, after: float) -> bool:
    """Ask for the next step, kill, start again, and ask until it is taken; tell whether the first got no answer."""
    with site.api(web) as api, ThreadPoolExecutor(1) as pool:
        api.get(path)  # the connection stands
        asked = pool.submit(api.post, f"{path}/advance", json={"step": 1})
        threading.Event().wait(after)
        web.kill()
        failed = asked.exception() is not None
    web.start()
    eventually(lambda: _answers(web), within=20)
    with site.api(web) as api:
        if api.get(path).json()["percentage"] is None:
            assert api.post(f"{path}/advance", json={"step": 1}).status_code == 200
        assert api.get(path).json()["percentage"] == 1
    return failed


def _answers(web: Process) -> bool:
    """Tell whether the process that was started answers: its port may be that of the one that is just dying."""
    with suppress(httpx.TransportError):
        return httpx.get(f"{web.url}/healthz", trust_env=False).status_code == 200
    return False
