"""Who is evaluated is noted on the side, with what the project lets us keep, and forgotten again."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags import recording
from flags.contexts import SeenAttribute, kept_of
from flags.models import RecentContext
from flags.querysets import recent_contexts, seen_attributes
from flags.services import forget_contexts, note_contexts
from flags.tasks import forget_contexts as task
from flagsite.lib import clock
from segments.attributes import attributes_of
from tests.flags.builders import decide, make

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    recording.start_anew()
    yield
    recording.start_anew()


def keeps(project: Project, *paths: str) -> None:
    project.recorded_attributes = list(paths)
    project.save()


def noted(environment: Environment) -> list[tuple[str, Any]]:
    rows = RecentContext.objects.filter(environment=environment).order_by("context_id")
    return list(rows.values_list("context_id", "attributes"))


def note(environment: Environment, *contexts: dict[str, Any], at: datetime = NOON) -> int:
    paths = environment.project.recorded_attributes
    return note_contexts(environment, {one["id"]: (kept_of(one, paths), at) for one in contexts})


def test_an_evaluation_writes_nothing_itself_and_its_context_is_there_after_a_flush(
    sdk: APIClient, production: Environment, django_assert_num_queries: Any
) -> None:
    make(production.project, "checkout")
    decide(sdk, "checkout")  # the key's use is noted, and the snapshot built
    keeps(production.project, "country")
    with django_assert_num_queries(1):
        decide(sdk, "checkout", id="ann", country="US", email="ann@harbour.example")
    assert noted(production) == []
    recording.flush()
    assert noted(production) == [("ann", {"country": "US"}), ("user-1", {})]


def test_all_flags_at_once_and_the_openfeature_protocol_are_evaluations_too(
    sdk: APIClient, production: Environment
) -> None:
    assert sdk.post("/evaluate", {"context": {"id": "ann"}}).status_code == 200
    assert sdk.post("/ofrep/v1/evaluate/flags", {"context": {"targetingKey": "ben"}}).status_code == 200
    assert sdk.post("/ofrep/v1/evaluate/flags/gone", {"context": {"targetingKey": "cem"}}).status_code == 404
    recording.flush()
    assert [key for key, _ in noted(production)] == ["ann", "ben", "cem"]


def test_nothing_but_the_id_is_kept_unless_the_project_lists_it(production: Environment) -> None:
    note(production, {"id": "ann", "email": "ann@harbour.example"})
    assert noted(production) == [("ann", {})]
    assert recent_contexts(production) == [{"id": "ann"}]


def test_a_dotted_path_keeps_what_lies_there_and_nothing_beside_it(production: Environment) -> None:
    keeps(production.project, "team.id", "plan", "team.size", "id")
    note(production, {"id": "ann", "team": {"id": "t1", "name": "Harbour"}, "plan": None})
    assert recent_contexts(production) == [{"id": "ann", "team.id": "t1"}]


@pytest.mark.parametrize("odd", ["a\x00b", "x" * 2_000, ["\x00"], {1, 2}])
def test_what_the_table_cannot_hold_is_left_out(odd: Any, production: Environment) -> None:
    keeps(production.project, "odd", "plan")
    assert kept_of({"odd": odd, "plan": "pro"}, ["odd", "plan"]) == {"plan": "pro"}
    assert note(production, {"id": "ann", "odd": odd, "plan": "pro"}) == 1


@pytest.mark.parametrize("key", ["", "x" * 600])
def test_a_context_whose_id_cannot_be_kept_is_evaluated_and_passed_over(
    key: str, sdk: APIClient, production: Environment
) -> None:
    make(production.project, "checkout")
    decide(sdk, "checkout", id=key)
    recording.flush()
    assert noted(production) == []


def test_a_context_is_kept_as_it_was_seen_last(production: Environment) -> None:
    keeps(production.project, "plan")
    note(production, {"id": "ann", "plan": "free"}, {"id": "ben"})
    note(production, {"id": "ann", "plan": "pro"}, at=NOON + timedelta(minutes=5))
    assert recent_contexts(production) == [{"id": "ann", "plan": "pro"}, {"id": "ben"}]
    assert recent_contexts(production, limit=1) == [{"id": "ann", "plan": "pro"}]


def test_environments_do_not_mix(production: Environment, development: Environment) -> None:
    note(production, {"id": "ann"})
    note(development, {"id": "ann"}, {"id": "ben"})
    assert (len(recent_contexts(production)), len(recent_contexts(development))) == (1, 2)


def test_past_the_limit_those_seen_longest_ago_go(
    production: Environment, development: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.services.contexts.MAX_RECENT_CONTEXTS", 3)
    note(development, {"id": "other"})
    note(production, {"id": "ann"}, {"id": "ben"})
    note(production, {"id": "cem"}, {"id": "dan"}, at=NOON + timedelta(minutes=1))
    note(production, {"id": "ann"}, at=NOON + timedelta(minutes=2))
    assert [key for key, _ in noted(production)] == ["ann", "cem", "dan"]
    assert len(noted(development)) == 1


def test_who_is_not_seen_again_is_forgotten(production: Environment, settings: Settings) -> None:
    now = clock.now()
    note(production, {"id": "ann"}, at=now - timedelta(days=31))
    note(production, {"id": "ben"}, at=now - timedelta(days=29))
    assert task() == 1
    assert [key for key, _ in noted(production)] == ["ben"]
    settings.CONTEXT_RETENTION_DAYS = 28
    assert task() == 1
    assert noted(production) == []


def test_what_is_struck_off_the_list_is_not_read_any_more_and_deleted_soon(production: Environment) -> None:
    keeps(production.project, "plan", "email")
    note(production, {"id": "ann", "plan": "pro", "email": "ann@harbour.example"}, {"id": "ben", "plan": "free"})
    keeps(production.project, "plan")
    production.refresh_from_db()
    assert recent_contexts(production) == [{"id": "ben", "plan": "free"}, {"id": "ann", "plan": "pro"}]
    assert [one.path for one in seen_attributes(production.project)] == ["plan"]
    assert forget_contexts(older_than=timedelta(days=10_000)) == 1
    assert noted(production) == [("ann", {"plan": "pro"}), ("ben", {"plan": "free"})]


def test_attributes_are_suggested_with_kinds_and_a_few_values(
    production: Environment, development: Environment
) -> None:
    keeps(production.project, "plan", "team", "tags", "age", "note")
    for number in range(8):
        note(
            development, {"id": f"d{number}", "plan": f"p{number}", "age": number}, at=NOON + timedelta(seconds=number)
        )
    ann = {"id": "ann", "team": {"id": "t1", "size": 5}, "tags": ["a", "b"], "age": True, "note": "x" * 200}
    note(production, ann, at=NOON - timedelta(days=1))
    assert seen_attributes(production.project) == [
        SeenAttribute("age", ("boolean", "number"), (7, 6, 5, 4, 3)),
        SeenAttribute("note", ("text",), ()),
        SeenAttribute("plan", ("text",), ("p7", "p6", "p5", "p4", "p3")),
        SeenAttribute("tags", ("list",), ("a", "b")),
        SeenAttribute("team.id", ("text",), ("t1",)),
        SeenAttribute("team.size", ("number",), (5,)),
    ]


def test_the_condition_builder_suggests_what_was_seen(production: Environment) -> None:
    keeps(production.project, "team.size")
    note(production, {"id": "ann", "team": {"size": 5}})
    assert attributes_of(production.project)["team.size"] == ["number"]


def was_seen(environment: Environment, name: str) -> None:
    recording.note_all(environment, {"id": name}, [])


def test_the_same_context_is_noted_once_a_minute(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = NOON
    monkeypatch.setattr(clock, "now", lambda: moment)
    for seconds in (0, 30, 61):
        moment = NOON + timedelta(seconds=seconds)
        was_seen(production, "ann")
        recording.flush()
    assert RecentContext.objects.get().seen_at == NOON + timedelta(seconds=61)
    moment = NOON + timedelta(seconds=62)
    was_seen(production, "ann")
    recording.flush()
    assert RecentContext.objects.get().seen_at == NOON + timedelta(seconds=61)


def test_an_environment_that_is_gone_is_passed_over(production: Environment) -> None:
    was_seen(Environment(pk=10**9, project=production.project), "ann")
    was_seen(production, "ann")
    recording.flush()
    assert (len(noted(production)), recording.dropped()) == (1, {})


def test_without_leave_to_write_no_thread_is_started(production: Environment) -> None:
    before = threading.active_count()
    was_seen(production, "ann")
    assert threading.active_count() == before


def test_a_note_costs_next_to_nothing(production: Environment) -> None:
    started = time.perf_counter()
    for number in range(1_000):
        was_seen(production, f"user-{number}")
    assert time.perf_counter() - started < 0.1


def test_importing_an_entry_point_starts_no_thread_by_itself() -> None:
    code = "import threading, flagsite.wsgi; print(threading.active_count())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
