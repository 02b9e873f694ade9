"""A Prometheus that takes its time: how many ask it at once, and how many queries it is asked."""

import threading

import pytest
from pytest_django import Settings

from flagsite.lib.leases import leased
from tests.conftest import Person
from tests.flags.builders import boolean, create
from tests.rollouts.conftest import Clock, Start, step
from tests.rollouts.looking import checks, look
from tests.rollouts.prometheus import ABOVE, nothing_for_long, series
from tests.rollouts.receiver import Handler, Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def flag(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=0))


def test_all_queries_are_asked_at_once(ed: Person, time: Clock, start: Start, prometheus: Receiver) -> None:
    """Else ten that nobody answers would take a worker for longer than until the next look."""
    together = threading.Barrier(3)

    def answer_when_all_have_asked(handler: Handler) -> None:
        together.wait(timeout=4)
        series("0.01")(handler)

    prometheus.replies = [answer_when_all_have_asked] * 3
    start(step(10), step(50, after="1h"), guardrails=[ABOVE, {**ABOVE, "name": "latency"}, {**ABOVE, "name": "load"}])
    look(time)
    assert [verdict for verdict, _ in checks(ed)] == ["healthy"] * 3


def test_a_source_that_hangs_is_not_asked_everything(  # noqa: PLR0917 - what is answered
    ed: Person, time: Clock, start: Start, prometheus: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else many ramps would take a worker for many time-outs, one after the other."""
    settings.PROMETHEUS_TIMEOUT_SECONDS = 0.3
    monkeypatch.setattr("rollouts.guardrails.prometheus.AT_ONCE", 1)
    prometheus.replies = [nothing_for_long]
    start(step(10), step(50, after="1h"), guardrails=[{**ABOVE, "name": f"number {n}"} for n in range(4)])
    look(time)
    assert len(prometheus.received) == 1
    assert sorted(checks(ed)) == [
        *[("silent", "Prometheus gives no number: it answers none of 1 other queries.")] * 3,
        ("silent", "Prometheus gives no number: no answer within 0.3 s."),
    ]
    look(time)
    assert len(prometheus.received) == 2, "it may have come back"


def test_one_worker_asks_at_a_time(time: Clock, start: Start, prometheus: Receiver) -> None:
    def answer_when_another_worker_would_ask(handler: Handler) -> None:
        with leased("prometheus", seconds=30) as lease:
            meanwhile.append(lease)
        series("0.01")(handler)

    meanwhile: list[object] = []
    prometheus.replies = [answer_when_another_worker_would_ask]
    start(step(10), step(50, after="1h"), guardrails=[ABOVE])
    look(time)
    look(time)
    assert meanwhile == [None, None]
