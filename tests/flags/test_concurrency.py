"""Several at once, on real PostgreSQL: nobody's change is lost, counted twice, or half done."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import Environment, Project
from accounts.querysets import lock_environments
from flags.models import EvaluationCount, FlagState, Revision
from flags.services import open_environment
from tests.conftest import SYSTEM, Person, client_with
from tests.flags.builders import PRODUCTION, boolean, create, create_segment, rule

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs: Callable[[], Any]) -> Sequence[Any]:
    """Run the jobs in threads that start together; return what they returned, or raised."""
    found: list[Any] = [None] * len(jobs)
    barrier = threading.Barrier(len(jobs))

    def run(index: int, job: Callable[[], Any]) -> None:
        barrier.wait(timeout=10)
        try:
            found[index] = job()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return found


def test_changes_at_the_same_time_are_all_made_and_numbered_without_gaps(ed: Person, shop: Project) -> None:
    flags = [f"flag-{n}" for n in range(4)]
    for key in flags:
        create(ed, boolean(key))

    def change(key: str) -> list[int]:
        client = ed.client()
        bodies = [{"rollout_percentage": percentage} for percentage in (10, 20, 30)]
        return [client.patch(f"/flags/{key}{PRODUCTION}", body).status_code for body in bodies]

    assert at_once(*(partial(change, key) for key in flags)) == [[200, 200, 200]] * 4
    environment = shop.environments.get(key="production")
    numbers = list(Revision.objects.filter(environment=environment).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, environment.revision + 1))
    assert environment.revision == 1 + 4 + 12
    percentages = FlagState.objects.filter(environment=environment).values_list("rollout_percentage", flat=True)
    assert set(percentages) == {30}


def test_what_sdks_report_is_written_while_somebody_changes_a_flag(
    shop: Project, production: Environment, server_key: str
) -> None:
    minute = "2026-11-22T10:04:00Z"
    count = {"flag": "checkout", "variation": "on", "reason": "OFF", "count": 1, "minute": minute}
    report = {"batch": str(uuid4()), "sdk": {"name": "s", "version": "1", "instance": "i"}, "counts": [count]}

    def send() -> int:
        try:
            return int(client_with(server_key).post("/sdk/events", report).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as others, transaction.atomic():
        lock_environments(shop, only=production)
        assert others.submit(send).result(timeout=30) == 202


def test_of_two_who_saw_the_same_version_one_wins(ed: Person) -> None:
    create(ed, boolean())

    def change(percentage: int) -> int:
        body, headers = {"rollout_percentage": percentage}, {"If-Match": '"1"'}
        return int(ed.client().patch(f"/flags/checkout{PRODUCTION}", body, headers=headers).status_code)

    assert Counter(at_once(*(partial(change, n) for n in range(4)))) == {200: 1, 412: 3}


def test_a_key_is_given_once(ed: Person, otto: Person) -> None:
    def make_flag() -> int:
        return int(ed.client().post("/flags", boolean()).status_code)

    def make_segment() -> int:
        return int(ed.client().post("/segments", {"key": "beta"}).status_code)

    assert Counter(at_once(*[make_flag] * 3)) == {201: 1, 409: 2}
    assert Counter(at_once(*[make_segment] * 3)) == {201: 1, 409: 2}


def test_a_segment_is_not_deleted_while_a_flag_begins_to_use_it(ed: Person) -> None:
    create(ed, boolean())
    for n in range(3):
        key = f"beta-{n}"
        create_segment(ed, key)
        body = {"rules": [rule({"segment": key}, id=key)]}
        used, deleted = at_once(
            partial(ed.client().patch, f"/flags/checkout{PRODUCTION}", body),
            partial(ed.client().delete, f"/segments/{key}"),
        )
        assert (used.status_code, deleted.status_code) in {(200, 409), (400, 204)}


def test_prerequisites_made_at_the_same_time_never_go_round_in_a_circle(ed: Person) -> None:
    create(ed, boolean("one"))
    create(ed, boolean("two"))

    def require(key: str, other: str) -> int:
        body = {"prerequisites": [{"flag": other, "variation": "on"}]}
        return int(ed.client().patch(f"/flags/{key}{PRODUCTION}", body).status_code)

    assert Counter(at_once(lambda: require("one", "two"), lambda: require("two", "one"))) == {200: 1, 400: 1}


def test_an_environment_that_is_opened_meanwhile_has_every_flag(ed: Person, shop: Project) -> None:
    for n in range(3):
        made, opened = at_once(
            partial(ed.client().post, "/flags", boolean(f"flag-{n}")),
            partial(open_environment, project=shop, key=f"preview-{n}", name="Preview", by=SYSTEM),
        )
        assert made.status_code == 201
        assert not isinstance(opened, Exception)
    states = FlagState.objects.filter(flag__project=shop).values_list("flag__key", "environment__key")
    assert len(states) == 3 * 6


def test_an_environment_is_opened_once(shop: Project) -> None:
    def open_it() -> str:
        return open_environment(project=shop, key="preview", name="Preview", by=SYSTEM).key

    found = [type(each).__name__ for each in at_once(open_it, open_it)]
    assert Counter(found) == {"str": 1, "KeyTaken": 1}


def test_reports_at_the_same_time_are_added_up_each_once(server_key: str) -> None:
    def body(batch: str, *flags: str) -> dict[str, Any]:
        minute = "2026-11-22T10:04:00Z"
        counts = [{"flag": flag, "variation": "on", "reason": "OFF", "count": 1, "minute": minute} for flag in flags]
        return {"batch": batch, "sdk": {"name": "s", "version": "1", "instance": "i"}, "counts": counts}

    def send(report: dict[str, Any]) -> int:
        return int(client_with(server_key).post("/sdk/events", report).status_code)

    same = str(uuid4())
    reports = [body(same, "a", "b"), body(same, "a", "b"), body(str(uuid4()), "a", "b"), body(str(uuid4()), "b", "a")]
    assert set(at_once(*(partial(send, each) for each in reports))) == {202}
    assert dict(EvaluationCount.objects.values_list("flag_key", "count")) == {"a": 3, "b": 3}
