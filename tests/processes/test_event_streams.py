"""Server-sent events: what a client without WebSockets is told, and OFREP's clients."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.processes.site import Process, Site, patch

CONFIGURATION = "/sdk/stream/events"
OFREP = "/ofrep/v1/events"
REFETCH = {"type": "refetchEvaluation"}


class Events:
    """What comes over one stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()

    def block(self) -> dict[str, str]:
        """Return the fields of the next event or comment, whose field has no name."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line:
                return fields
            name, _, value = line.partition(":")
            fields[name] = value.strip()
        raise EOFError(fields)

    def event(self) -> dict[str, str]:
        """Return the next event."""
        while "data" not in (fields := self.block()):
            pass
        return fields

    def data(self) -> dict[str, Any]:
        """Return what the next event carries."""
        carried: dict[str, Any] = json.loads(self.event()["data"])
        return carried


@contextmanager
def events(site: Site, stream: Process, path: str, **headers: str) -> Iterator[Events]:
    with site.sdk_api(stream) as sdk, sdk.stream("GET", path, headers=headers, timeout=30) as response:
        assert response.status_code == 200
        yield Events(response)


@pytest.fixture
def api(site: Site, web: Process) -> Iterator[httpx.Client]:
    with site.api(web) as api:
        yield api


def test_the_snapshot_comes_first_and_then_deltas(site: Site, stream: Process, api: httpx.Client) -> None:
    with events(site, stream, CONFIGURATION) as heard:
        assert heard.response.headers["content-type"] == "text/event-stream"
        snapshot = heard.event()
        assert (snapshot["event"], json.loads(snapshot["data"])["revision"]) == ("snapshot", int(snapshot["id"]))
        patch(api, "flag-0000", rollout_percentage=10)
        delta = heard.event()
        assert (delta["event"], int(delta["id"])) == ("delta", int(snapshot["id"]) + 1)
        assert list(json.loads(delta["data"])["flags"]) == ["flag-0000"]


def test_who_comes_back_is_told_what_they_missed(site: Site, stream: Process, api: httpx.Client) -> None:
    with events(site, stream, CONFIGURATION) as heard:
        held = heard.event()["id"]
    patch(api, "flag-0001", rollout_percentage=10)
    patch(api, "flag-0002", rollout_percentage=10)
    with events(site, stream, CONFIGURATION, **{"Last-Event-ID": held}) as heard:
        missed = heard.data()
        assert (missed["since"], missed["revision"]) == (int(held), int(held) + 2)
    with events(site, stream, f"{CONFIGURATION}?since={int(held) + 1}") as heard:
        assert list(heard.data()["flags"]) == ["flag-0002"]


def test_heartbeats_are_comments(site: Site, stream: Process) -> None:
    with events(site, stream, CONFIGURATION) as heard:
        held = heard.event()["id"]
        assert heard.block() == {"": held}


def test_clients_of_ofrep_are_told_to_ask_again(site: Site, stream: Process, api: httpx.Client) -> None:
    with events(site, stream, OFREP) as heard:
        first = heard.event()
        assert json.loads(first["data"]) == REFETCH, "what has changed since they asked is not known"
        patch(api, "flag-0000", rollout_percentage=20)
        again = heard.event()
        assert (json.loads(again["data"]), int(again["id"])) == (REFETCH, int(first["id"]) + 1)
    with events(site, stream, OFREP, **{"Last-Event-ID": again["id"]}) as heard:
        assert heard.block() == {"": again["id"]}, "nothing new"


@pytest.mark.parametrize("path", [CONFIGURATION, OFREP])
def test_a_key_that_opens_nothing_is_refused_with_a_problem(site: Site, stream: Process, path: str) -> None:
    refused = httpx.get(f"{stream.url}{path}", headers={"Authorization": "Bearer nothing"}, trust_env=False)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json()["code"] == "NOT_AUTHENTICATED"
    with site.sdk_api(stream) as sdk:
        assert (refused := sdk.post(path)).status_code == 405
        assert refused.json()["code"] == "METHOD_NOT_ALLOWED"
        assert sdk.get("/sdk/config").status_code == 200, "other addresses are answered as ever, on the same connection"


def test_a_process_that_stops_says_when_to_come_back(site: Site) -> None:
    stopping = site.stream()
    with events(site, stopping, CONFIGURATION) as heard:
        heard.event()
        stopping.end(signal.SIGTERM)
        while "retry" not in (last := heard.block()):
            pass
        assert 100 <= int(last["retry"]) <= 3_000
        with pytest.raises(EOFError):
            heard.block()
    assert "Traceback" not in stopping.said()
