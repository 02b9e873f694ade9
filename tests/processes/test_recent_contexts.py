"""Whoever was evaluated in a process is written down, also when the process is told to stop a moment later."""

import pytest

from tests.ports import eventually
from tests.processes.site import Process, Site

COUNT = "import django; django.setup(); from flags.models import RecentContext as R; print(R.objects.count())"


def evaluate(site: Site, process: Process, name: str) -> None:
    with site.sdk_api(process) as client:
        answer = client.post("/evaluate", json={"context": {"id": name}})
    assert answer.status_code == 200, answer.text


def kept(site: Site) -> int:
    return int(site.run("-c", COUNT))


@pytest.mark.parametrize("kind", ["web", "stream"])
def test_contexts_are_written_within_seconds_and_what_is_left_at_a_graceful_stop(kind: str, site: Site) -> None:
    process: Process = getattr(site, kind)()
    before = kept(site)
    evaluate(site, process, f"ann-{kind}")
    eventually(lambda: kept(site) == before + 1, within=20)
    evaluate(site, process, f"ben-{kind}")
    process.end()
    assert kept(site) == before + 2, process.said()
