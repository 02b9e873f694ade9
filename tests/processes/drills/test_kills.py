"""Every process of an installation is killed or restarted while everybody is at work."""

import signal
from collections.abc import Iterator

import pytest

from tests.ports import eventually
from tests.processes.drills.work import PATIENCE, Work
from tests.processes.site import Process, Site

RAMP = """
    SELECT (delta::json -> 'flags' -> 'flag-0004' ->> 'rollout_percentage')::float FROM flags_revision
    WHERE delta::json -> 'flags' -> 'flag-0004' IS NOT NULL AND source IN ('api', 'ramp') ORDER BY number
"""


@pytest.fixture
def work(site: Site, web: Process, stream: Process) -> Iterator[Work]:
    with Work(site, web=web.url, stream=stream.url) as work:
        yield work


def test_web_is_killed(work: Work, web: Process) -> None:
    web.kill()
    web.start()
    work.all_is_well(web.url)
    assert work.writer.failed or work.reader.failed, "nobody was there to be disturbed"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_stream_is_killed_or_restarted(work: Work, web: Process, stream: Process, how: signal.Signals) -> None:
    stream.end(how)
    work.goes_on_without_sdks()
    stream.start()
    work.all_is_well(web.url)
    assert work.writer.failed == 0


def test_redis_is_killed_and_comes_back_empty(site: Site, work: Work, web: Process) -> None:
    site.redis.kill()
    work.goes_on()
    site.redis.start()
    work.all_is_well(web.url)
    assert work.writer.failed == 0


def test_worker_and_beat_are_killed_and_the_ramp_takes_every_step_once(site: Site, work: Work, web: Process) -> None:
    worker, beat = site.worker(beats=False), site.beat()
    steps = [{"percentage": 1}, *({"percentage": percentage, "after": "1s"} for percentage in (10, 50, 100))]
    with site.api(web) as api:
        assert api.post("/flags/flag-0004/ramp", json={"steps": steps}).status_code == 201
        eventually(lambda: len(_taken(site)) > 1, within=PATIENCE, what="the worker takes steps")
        worker.kill()
        beat.kill()
        work.goes_on()
        worker.start()
        beat.start()
        eventually(lambda: api.get("/flags/flag-0004/ramp").json()["status"] == "finished", within=PATIENCE)
    assert _taken(site) == [1, 10, 50, 100]
    work.all_is_well(web.url)
    assert work.writer.failed == 0


def _taken(site: Site) -> list[float]:
    """Return the percentages that the ramp's revisions gave the flag, in their order."""
    return [percentage for (percentage,) in site.rows(RAMP)]
