"""What the short road knows is up to date within a moment, and goes on while the database is away."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InternalError, OperationalError
from django.db.models import QuerySet

from accounts.models import Environment, ServerKey
from accounts.services import revoke_key
from flags.models import Flag
from flags.serving import callers as callers_module
from flags.serving.callers import FRESH_SECONDS, LAST_KNOWN_SECONDS
from flags.serving.outage import MOMENT_SECONDS
from flagsite.lib import clock
from tests.conftest import SYSTEM
from tests.flags.serving.conftest import ANN, EVALUATE, OFREP, Ask, Never, Site, Time, turn_off

pytestmark = pytest.mark.django_db


def test_a_change_that_a_process_of_this_machine_has_made_is_in_force_at_once(
    site: Site, production: Environment, sale: Flag, django_capture_on_commit_callbacks: Any
) -> None:
    assert site.value() is True
    with django_capture_on_commit_callbacks(execute=True):
        turn_off(production, sale)
    assert site.value() is False


def test_a_change_or_a_revocation_from_elsewhere_is_in_force_after_the_time_that_is_promised(
    site: Site, production: Environment, sale: Flag, time: Time
) -> None:
    assert site.value() is True
    turn_off(production, sale)  # its callbacks never run: as if another machine had made it
    time.seconds += FRESH_SECONDS + 0.001
    assert site.value() is False
    revoke_key(ServerKey.objects.get(environment=production), by=SYSTEM)
    time.seconds += FRESH_SECONDS + 0.001
    assert site.answer(Ask("one flag", EVALUATE, {"context": ANN})).status == 401
    assert FRESH_SECONDS < 1


@pytest.mark.parametrize(("query", "more"), [("?since={}", {}), ("", {"HTTP_IF_NONE_MATCH": '"{}"'})])
def test_nobody_who_is_ahead_of_what_is_known_here_is_taken_back(
    query: str, more: dict[str, str], site: Site, production: Environment, sale: Flag
) -> None:
    assert [site.value(), site.value()] == [True, True]
    turn_off(production, sale)  # as if another machine had made it, and told the SDK
    production.refresh_from_db()
    number = production.revision
    more = {name: value.format(number) for name, value in more.items()}
    reply = site.answer(Ask("a poll", "/sdk/config" + query.format(number), method="GET", more=more))
    assert (reply.status, reply.headers["ETag"]) == (200 if query else 304, f'"{number}"')
    assert site.asked_django == 1


def test_while_the_database_is_away_flags_are_decided_as_they_were_known_last(
    site: Site, time: Time, production: Environment, monkeypatch: Any
) -> None:
    assert site.value() is True

    def away(*_: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr("accounts.api.authentication.key_in_force", away)
    for _ in range(3):
        time.seconds += LAST_KNOWN_SECONDS / 4
        assert site.value() is True
    time.seconds += LAST_KNOWN_SECONDS
    assert site.answer(Ask("one flag", EVALUATE, {"context": ANN})).status == 503


def test_a_look_that_hangs_holds_up_nobody_and_does_not_let_a_key_in_for_ever(
    site: Site, time: Time, monkeypatch: Any
) -> None:
    monkeypatch.setattr(callers_module, "ThreadPoolExecutor", Never)
    assert site.value() is True
    time.seconds += LAST_KNOWN_SECONDS - 1
    assert site.value() is True  # waits a moment for the look, and goes on
    asked: list[str] = []
    monkeypatch.setattr("accounts.api.authentication.key_in_force", lambda _: asked.append("the database"))
    time.seconds += 2
    assert site.answer(Ask("one flag", EVALUATE, {"context": ANN})).status == 401
    assert asked


def test_who_is_not_known_need_not_wait_to_be_told_again_that_the_database_is_away(
    site: Site, time: Time, monkeypatch: Any
) -> None:
    asked: list[Any] = []

    def away(credential: Any) -> None:
        asked.append(credential)
        raise OperationalError("the connection is closed")

    monkeypatch.setattr("accounts.api.authentication.key_in_force", away)
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    assert [site.answer(ask).status for _ in range(4)] == [503] * 4
    assert (len(asked), site.asked_django) == (2, 1)  # the first was left to Django, which asked once more
    time.seconds += MOMENT_SECONDS
    assert site.answer(ask).status == 503
    assert len(asked) == 4


def test_while_the_database_is_away_what_needs_it_is_refused_at_once(site: Site, time: Time, monkeypatch: Any) -> None:
    def away(*_: Any) -> None:
        raise OperationalError("the connection is closed")

    assert site.value() is True
    monkeypatch.setattr("accounts.api.authentication.key_in_force", away)
    time.seconds += 1
    assert site.value() is True  # and it is known by now that the database is away
    reports = Ask("a report", "/sdk/events", {})
    assert (site.answer(reports).status, site.asked_django) == (503, 0)
    assert site.answer(Ask("is it alive?", "/healthz", method="GET")).status == 200
    monkeypatch.undo()
    time.seconds += MOMENT_SECONDS
    site.answer(reports)
    assert site.asked_django == 2


def test_a_database_that_may_only_be_read_lets_keys_in_and_notes_no_use(site: Site, monkeypatch: Any) -> None:
    def read_only(*_: Any, **__: Any) -> None:
        raise InternalError("cannot execute UPDATE in a read-only transaction")

    monkeypatch.setattr(QuerySet, "update", read_only)
    assert site.value() is True


def test_a_key_that_runs_out_while_the_database_is_away_opens_nothing(
    site: Site, time: Time, production: Environment, monkeypatch: Any
) -> None:
    soon = clock.now() + timedelta(minutes=1)
    ServerKey.objects.filter(environment=production).update(expires_at=soon)
    assert site.value() is True
    monkeypatch.setattr(clock, "now", lambda: soon)
    assert site.answer(Ask("one flag", EVALUATE, {"context": ANN})).status == 401


def test_a_known_caller_costs_no_query(site: Site, django_assert_num_queries: Any) -> None:
    site.value()
    site.value()  # from here on it is also known how often its environment has changed
    with django_assert_num_queries(0):
        for ask in (
            Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}),
            Ask("all flags", EVALUATE, {"context": ANN}),
            Ask("all flags by OFREP", OFREP, {"context": {"targetingKey": "ann"}}),
            Ask("the configuration", "/sdk/config", method="GET"),
        ):
            assert site.answer(ask).status == 200
