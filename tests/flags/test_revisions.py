"""The chain of revisions: numbered, digested, written with the change or not at all, announced after the commit."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Environment, Project
from flags.chain.digests import GENESIS, digest_of
from flags.models import Revision
from flags.publishing import notifications, publish
from flags.services import update_flag
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create, create_segment, equals, rule
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def recomputed(environment: Environment) -> list[tuple[str, str]]:
    """Return each revision's digest as stored and as it ought to be, by the formula of flags/chain/digests.py."""
    found, previous = [], "0" * 64
    for row in Revision.objects.filter(environment=environment).order_by("number"):
        about = {
            "actor": row.actor_label,
            "comment": row.comment,
            "created_at": row.created_at.isoformat(timespec="microseconds"),
            "environment": environment.pk,
            "number": row.number,
            "source": row.source,
        }
        text = json.dumps(about, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(f"{previous}\n{text}\n{row.delta}".encode()).hexdigest()
        found.append((row.digest, previous))
        previous = row.digest
    return found


@pytest.fixture
def history(ed: Person, production: Environment) -> Environment:
    create_segment(ed, "beta", included=["ann"])
    create(ed, boolean(comment="Überraschung ✓"))
    change(ed, "checkout", rollout_percentage=50, comment="Half")
    change(ed, "checkout", rules=[rule(equals("x", "é\u2028"), id="x")])
    return production


def test_every_digest_follows_from_its_row_and_the_one_before(history: Environment) -> None:
    digests = recomputed(history)
    assert len(digests) == 5
    assert all(stored == right for stored, right in digests)


TAMPERED: list[dict[str, Any]] = [
    {"comment": "Nothing to see here"},
    {"actor_label": "somebody else"},
    {"delta": '{"since":2,"revision":3,"flags":{},"segments":{}}'},
    {"created_at": "2020-01-01T00:00:00Z"},
    {"source": "admin"},
]


def test_a_row_that_was_tampered_with_or_taken_away_is_found(history: Environment) -> None:
    rows = Revision.objects.filter(environment=history, number=3)
    original = rows.values().get()
    for change_ in TAMPERED:
        rows.update(**change_)
        assert any(stored != right for stored, right in recomputed(history)), change_
        rows.update(**original)
    assert all(stored == right for stored, right in recomputed(history))
    rows.delete()
    assert any(stored != right for stored, right in recomputed(history))


def test_the_published_formula_has_a_golden_value() -> None:
    from datetime import UTC, datetime

    digest = digest_of(
        previous=GENESIS,
        environment=7,
        number=1,
        delta="{}",
        actor_label="ed",
        source="api",
        comment="",
        created_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )
    about = (
        '{"actor":"ed","comment":"","created_at":"2026-11-22T10:00:00.000000+00:00",'
        '"environment":7,"number":1,"source":"api"}'
    )
    assert digest == hashlib.sha256(f"{'0' * 64}\n{about}\n{{}}".encode()).hexdigest()


def test_a_change_that_fails_half_way_leaves_nothing(ed: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    create(ed, boolean())
    client = ed.client()
    client.raise_request_exception = False

    def fail(**_: Any) -> str:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(publish, "digest_of", fail)
    with nothing_changes():
        for response in (
            client.patch(f"/flags/checkout{PRODUCTION}", {"enabled": False, "name": "New", "tags": ["x"]}),
            client.post("/flags", boolean("new")),
            client.delete("/flags/checkout"),
            client.post("/segments", {"key": "beta"}),
        ):
            assert response.status_code == 500


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[int, int]]:
    heads: list[Mapping[int, int]] = []
    monkeypatch.setattr(notifications, "_listeners", [heads.append])
    return heads


def test_readers_are_woken_only_when_the_change_is_there_to_read(
    ed: Person,
    shop: Project,
    production: Environment,
    announced: list[Mapping[int, int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        create(ed, boolean())
        assert announced == []
    production.refresh_from_db()
    (heads,) = announced
    assert (len(heads), heads[production.pk]) == (3, production.revision)


def test_a_change_that_is_rolled_back_wakes_nobody(
    ed: Person,
    shop: Project,
    production: Environment,
    announced: list[Mapping[int, int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    create(ed, boolean())
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        update_flag(project=shop, environment=production, key="checkout", fields={"enabled": False}, by=ed.actor)
        transaction.set_rollback(True)
    assert announced == []


def test_a_call_that_changes_nothing_wakes_nobody(
    ed: Person,
    announced: list[Mapping[int, int]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    create(ed, boolean())
    with django_capture_on_commit_callbacks(execute=True):
        change(ed, "checkout", enabled=True)
        change(ed, "checkout", name="A name is no revision")
    assert announced == []


class _Broken:
    async def group_send(self, *_: Any) -> None:
        raise ConnectionError("Redis is away")


def test_a_broken_channel_layer_does_not_cost_the_change(
    ed: Person,
    production: Environment,
    announced: list[Mapping[int, int]],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(notifications, "get_channel_layer", _Broken)
    with django_capture_on_commit_callbacks(execute=True):
        create(ed, boolean())
    assert len(announced) == 1
    production.refresh_from_db()
    assert production.revision == 2


def test_a_redis_that_does_not_answer_is_not_waited_for(
    ed: Person, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    given_up = threading.Event()

    class Silent:
        async def group_send(self, *_: Any) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                given_up.set()

    monkeypatch.setattr(notifications, "get_channel_layer", Silent)
    monkeypatch.setattr(notifications, "PATIENCE_SECONDS", 0.01)
    with django_capture_on_commit_callbacks(execute=True):
        create(ed, boolean())
    assert given_up.wait(10)


def test_a_listener_that_fails_keeps_nobody_else_asleep(
    ed: Person, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def closed(_: Mapping[int, int]) -> None:
        raise RuntimeError("Event loop is closed")

    heads: list[Mapping[int, int]] = []
    monkeypatch.setattr(notifications, "_listeners", [closed])
    notifications.listen(heads.append)
    monkeypatch.setattr(notifications, "get_channel_layer", InMemoryChannelLayer)
    with django_capture_on_commit_callbacks(execute=True):
        create(ed, boolean())
    assert len(heads) == 1


def test_what_goes_through_the_channel_layer_is_only_who_is_where(
    ed: Person, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    sent: list[tuple[str, Mapping[str, Any]]] = []

    class Layer:
        async def group_send(self, group: str, message: Mapping[str, Any]) -> None:
            sent.append((group, message))

    monkeypatch.setattr(notifications, "get_channel_layer", Layer)
    with django_capture_on_commit_callbacks(execute=True):
        create(ed, boolean())
    ((group, message),) = sent
    assert group == notifications.GROUP
    assert message == {"type": notifications.MESSAGE_TYPE, "heads": [[pk, 2] for pk, _ in message["heads"]]}
    assert get_channel_layer() is not None


def test_revisions_read_as_what_they_are(history: Environment) -> None:
    newest = Revision.objects.filter(environment=history).first()
    assert newest
    assert str(newest) == "Shop / Production revision 5"
    assert [str(item) for item in newest.items.all()] == ["flag checkout in revision 5"]
