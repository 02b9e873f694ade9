"""One trace goes through all processes: from a caller to the snapshot, and from a change to the SDK that applies it."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.collector import Collector, Received, collecting
from tests.ports import eventually
from tests.processes.site import ROOT, Process, Site, patch

CALLER = "cd" * 8
"""The span of whoever asks."""
SECRET = "marked-secret"
SDK_ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "sdk_python" / "src")])}
ONLY_ROOT_S_WARNING = "error,ignore:You're running the worker with superuser privileges"

Sdk = Callable[[str], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Site]:
    """An installation that traces, and in which every warning of an instrumentation is an error."""
    site = Site(tmp_path_factory.mktemp("site"), flags=5)
    site.environment |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "PYTHONWARNINGS": ONLY_ROOT_S_WARNING,
    }
    yield site
    site.close()


@pytest.fixture(scope="module")
def sdk(site: Site, stream: Process, collector: Collector) -> Sdk:
    @contextmanager
    def running(mode: str) -> Iterator[None]:
        command = [sys.executable, "-m", "tests.processes.traced_sdk", stream.url, site.server_key, mode]
        environment = {**site.environment, **SDK_ENVIRONMENT}
        began = len(collector.spans)
        with subprocess.Popen(command, env=environment, cwd=ROOT, stdin=subprocess.PIPE) as program:
            eventually(
                lambda: any(span.name == "flagsite.sdk.apply" for span in collector.spans[began:]),
                within=20,
                what="the SDK holds a configuration",
            )
            yield
            assert program.stdin is not None
            program.stdin.close()
            assert program.wait(timeout=20) == 0

    return running


def asking() -> tuple[str, dict[str, str]]:
    """A trace of a caller's, and the header by which it goes on."""
    trace = uuid.uuid4().hex
    return trace, {"traceparent": f"00-{trace}-{CALLER}-01"}


def named(collector: Collector, trace: str, name: str) -> Received:
    return collector.wait_for(lambda span: (span.trace, span.name) == (trace, name))


def names(path: list[Received]) -> list[str]:
    return [span.name for span in path]


REMOTE = {
    "evaluate": {"flag_key": "flag-0001", "context": {"id": "ann"}},
    "ofrep/v1/evaluate/flags/flag-0001": {"context": {"targetingKey": "ann"}},
}


@pytest.mark.parametrize("path", REMOTE)
@pytest.mark.parametrize("kind", ["web", "stream"])
def test_one_trace_from_a_caller_to_the_snapshot(
    site: Site, collector: Collector, request: pytest.FixtureRequest, kind: str, path: str
) -> None:
    trace, headers = asking()
    with site.sdk_api(request.getfixturevalue(kind)) as api:
        assert api.post(f"/{path}", json=REMOTE[path], headers=headers).status_code == 200
    served = collector.wait_for(lambda span: (span.trace, span.parent) == (trace, CALLER))
    assert served.name.startswith("POST ")
    assert served.attributes["http.response.status_code"] == 200
    looked_up = named(collector, trace, "flagsite.snapshot")
    assert names(collector.path_to(looked_up, within=0.1)) == [served.name, "flagsite.evaluate", "flagsite.snapshot"]
    assert looked_up.attributes["flagsite.snapshot.lookup"] in {"hit", "catch_up", "build"}
    ((event, said),) = named(collector, trace, "flagsite.evaluate").events
    assert (event, said["feature_flag.key"], said["feature_flag.set.id"]) == (
        "feature_flag.evaluation", "flag-0001", "shop/production",
    )  # fmt: skip


def test_a_look_up_says_whether_it_built_caught_up_or_had_it_already(site: Site, collector: Collector) -> None:
    web = site.web()
    question = {"flag_key": "flag-0002", "context": {"id": "ann"}}
    found = []
    with site.api(web) as api, site.sdk_api(web) as sdk:
        for percentage in (None, None, 40):
            trace, headers = asking()
            if percentage is not None:
                patch(api, "flag-0002", rollout_percentage=percentage)
            sdk.post("/evaluate", json=question, headers=headers)
            found.append(named(collector, trace, "flagsite.snapshot").attributes["flagsite.snapshot.lookup"])
    web.end()
    assert found == ["build", "hit", "catch_up"]


def test_one_trace_from_a_change_to_the_sdk_that_applied_it(
    site: Site, web: Process, collector: Collector, sdk: Sdk
) -> None:
    trace, headers = asking()
    with sdk("stream"), site.api(web) as api:
        api.headers.update(headers)
        changed = patch(api, "flag-0001", rollout_percentage=50)
        applied = named(collector, trace, "flagsite.sdk.apply")
    assert names(collector.path_to(applied, within=1)) == [
        "PATCH flags/<key:key>", "flags.update_flag", "flagsite.announce", "flagsite.stream", "flagsite.sdk.apply",
    ]  # fmt: skip
    published = named(collector, trace, "flagsite.publish")
    assert names(collector.path_to(published, within=0.1))[1:] == ["flags.update_flag", "flagsite.publish"]
    assert published.attributes["flagsite.environments"] == ["shop/production"]
    assert published.attributes["flagsite.flags"] == ["flag-0001"]
    (revision,) = published.attributes["flagsite.revisions"]
    assert (applied.service, applied.attributes["feature_flag.version"]) == ("shop", str(revision))
    assert named(collector, trace, "flagsite.stream").attributes["flagsite.revision"] == revision
    assert changed["rollout_percentage"] == 50


def test_the_trace_of_a_change_is_in_no_revision(site: Site, web: Process, stream: Process, sdk: Sdk) -> None:
    with sdk("stream"), site.api(web) as api, site.sdk_api(stream) as reader:
        held = reader.get("/sdk/config").json()["revision"]
        patch(api, "flag-0003", rollout_percentage=7)
        missed = reader.get("/sdk/config", params={"since": held}).json()
    assert set(missed) == {"since", "revision", "flags", "segments"}
    assert "trace" not in site.run("manage.py", "verify_history")


def test_one_trace_from_beat_to_the_sdk_that_applied_a_scheduled_change(
    site: Site, collector: Collector, sdk: Sdk
) -> None:
    with sdk("stream"):
        worker = site.worker()
        site.run("-m", "tests.processes.scheduling", "flag-0004")
        task = collector.wait_for(
            lambda span: span.name == "flags.publish_change_request" and "flagsite" in span.service, within=30
        )
        applied = named(collector, task.trace, "flagsite.sdk.apply")
        worker.end()
    assert names(collector.path_to(applied, within=2)) == [
        "apply_async/flags.tasks.publish_due", "run/flags.tasks.publish_due",
        "flagsite.announce", "flagsite.stream", "flagsite.sdk.apply",
    ]  # fmt: skip
    published = named(collector, task.trace, "flagsite.publish")
    assert published.attributes["flagsite.source"] == "schedule"


def test_a_poll_of_an_sdk_is_one_trace_with_what_the_server_does(
    site: Site, stream: Process, collector: Collector, sdk: Sdk
) -> None:
    began = len(collector.spans)
    with sdk("poll"):
        asked = eventually(
            lambda: next((span for span in collector.spans[began:] if span.name == "GET /sdk/config"), None), within=20
        )
    assert asked is not None
    served = collector.wait_for(lambda span: span.parent == asked.id and span.service == "flagsite")
    assert (served.name, served.trace) == ("GET sdk/config", asked.trace)
    assert named(collector, asked.trace, "flagsite.snapshot").parent == served.id


def test_no_words_of_a_request_are_in_any_span(site: Site, web: Process, stream: Process, collector: Collector) -> None:
    """Headers, addresses, queries, keys of flags that are none. (Attributes of contexts: test_secrets.py.)"""
    context = {"id": "ann", "email": SECRET}
    asked = []
    for process in (web, stream):
        with site.sdk_api(process) as sdk, site.api(process) as people:
            for path, body in (
                ("/evaluate", {"flag_key": "flag-0001", "context": context}),
                ("/evaluate", {"flag_key": f"{SECRET} {SECRET}", "context": context}),
                ("/ofrep/v1/evaluate/flags", {"context": context}),
            ):
                trace, headers = asking()
                headers |= {"User-Agent": SECRET, "X-Forwarded-For": SECRET}
                sdk.post(path, json=body, headers=headers, params={"a": SECRET})
                asked.append(trace)
            trace, headers = asking()
            query = {"user_id": "ann", "attr.email": SECRET, "attr.country": SECRET}
            assert people.get("/flags/flag-0001/audit", params=query, headers=headers).status_code == 200
            asked.append(trace)
            trace, headers = asking()
            people.get(f"/{SECRET}", headers=headers)
            asked.append(trace)
    eventually(lambda: set(asked) <= {span.trace for span in collector.spans if span.parent == CALLER}, within=20)
    everything = b"".join(collector.bodies)
    assert SECRET.encode() not in everything
    assert b"ann" in everything, "ids are kept in this project: the search would find what is there"


@pytest.mark.parametrize("kind", ["web", "stream"])
def test_what_was_traced_last_is_sent_when_a_process_ends(site: Site, collector: Collector, kind: str) -> None:
    site.environment["OTEL_BSP_SCHEDULE_DELAY"] = "600000"
    process = getattr(site, kind)()
    site.environment["OTEL_BSP_SCHEDULE_DELAY"] = "100"
    trace, headers = asking()
    with site.sdk_api(process) as api:
        api.post("/evaluate", json={"flag_key": "flag-0001", "context": {"id": "ann"}}, headers=headers)
    assert collector.trace(trace) == []
    process.end()
    assert named(collector, trace, "flagsite.evaluate").events


def test_a_process_ends_in_time_when_its_collector_is_away(site: Site, collector: Collector, tmp_path: Path) -> None:
    site.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
    process = site.stream()
    site.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    with site.sdk_api(process) as api:
        answer = api.post("/evaluate", json={"flag_key": "flag-0001", "context": {"id": "ann"}})
    assert answer.status_code == 200
    process.end()  # waits for twenty seconds and then fails


def test_what_a_celery_child_traced_last_is_sent_when_its_worker_ends(
    site: Site, web: Process, collector: Collector
) -> None:
    site.environment["OTEL_BSP_SCHEDULE_DELAY"] = "600000"
    began = len(collector.spans)
    worker = site.worker()
    site.environment["OTEL_BSP_SCHEDULE_DELAY"] = "100"
    site.run("-m", "tests.processes.scheduling", "flag-0000")
    question = {"flag_key": "flag-0000", "context": {"id": "ann"}}
    with site.sdk_api(web) as api:
        eventually(lambda: api.post("/evaluate", json=question).json()["reason"] == "OFF", within=30)
    assert [span for span in collector.spans[began:] if span.name.startswith("run/")] == []
    worker.end()
    ran = collector.wait_for(
        lambda span: span.name == "run/flags.tasks.publish_due" and span in collector.spans[began:]
    )
    assert ran.service == "flagsite"
