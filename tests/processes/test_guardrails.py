"""A flag that does harm is rolled back by itself, whole installations in processes; SDKs and Prometheus are real."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deploy.prometheus import needs_prometheus
from tests.processes.harm import BY_EVENTS, BY_PROMETHEUS, Response, Watched
from tests.processes.site import patch

FLUSH_SECONDS, CHECK_SECONDS = 1.0, 1
SOON = 20.0
"""Seconds from the first user who is harmed until every SDK decides as before; usually four."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(tmp_path_factory.mktemp("site"), flags=2, check_seconds=CHECK_SECONDS)
    try:
        yield watched
        assert "Traceback" not in watched.web.said() + watched.stream.said() + watched.worker.said()
    finally:
        watched.site.close()


@pytest.fixture
def record(record_testsuite_property: Any, request: pytest.FixtureRequest) -> Any:
    """Say how long it took: on the terminal with `-s`, and in the JUnit file."""

    def say(response: Response) -> None:
        print(  # noqa: T201 - the figure that the test is about
            f"\n{request.node.name}: found {response.found_after:.1f} s after the first harm, off in every SDK after "
            f"{response.off_after:.1f} s; {response.users}"
        )
        record_testsuite_property(f"{request.node.name}_ms", round(response.off_after * 1e3))

    return say


def test_users_inside_who_fail_more_than_the_others_are_let_out_by_what_sdks_report(
    watched: Watched, record: Any
) -> None:
    response = watched.respond("flag-0000", BY_EVENTS, flush_interval=FLUSH_SECONDS)
    record(response)
    assert_undone(watched, response, "flag-0000")
    assert response.figures["evidence"] > response.figures["needed"]


@needs_prometheus
def test_users_inside_are_let_out_when_a_query_of_prometheus_says_that_too_many_fail(
    watched: Watched, record: Any
) -> None:
    response = watched.respond("flag-0001", BY_PROMETHEUS, flush_interval=FLUSH_SECONDS)
    record(response)
    assert_undone(watched, response, "flag-0001")
    assert response.figures["number"] > 0.2


def assert_undone(watched: Watched, response: Response, flag: str) -> None:
    kinds = [each["kind"] for each in response.ramp["log"]]
    assert kinds == ["started", "step", "guardrail", "rolled_back"]
    assert response.ramp["status"] == "rolled_back"
    assert 0 < response.found_after < response.off_after < SOON
    with watched.site.api(watched.web) as api:
        found = patch(api, flag)
        (last, *_) = api.get(f"/flags/{flag}/history").json()["results"]
    assert (found["rollout_percentage"], last["source"]) == (0, "guardrail")
