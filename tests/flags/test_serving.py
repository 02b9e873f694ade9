"""The short road in front of Django: the same answers, up to date within a moment, even while the database is away."""

import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import InternalError, OperationalError, close_old_connections
from django.db.models import QuerySet
from pytest_django import Settings

from accounts.models import Environment, Project, ServerKey
from accounts.services import issue_server_key, revoke_key
from flags import recording
from flags.api.replies import Reply
from flags.models import Flag
from flags.services import update_flag
from flags.serving import callers as callers_module
from flags.serving.callers import FRESH_SECONDS, LAST_KNOWN_SECONDS, Callers
from flags.serving.front import Front
from flags.serving.outage import MOMENT_SECONDS
from flagsite.lib import client_address, clock
from flagsite.lib.ready_lines import ReadyLine
from tests.conftest import SYSTEM
from tests.flags.builders import make

pytestmark = pytest.mark.django_db

ANN = {"id": "ann", "country": "US"}
EVALUATE = "/evaluate"
OFREP = "/ofrep/v1/evaluate/flags"


class Ask(NamedTuple):
    """A request, and whether the short road is expected to answer it."""

    name: str
    path: str
    body: Any = None
    is_short: bool = True
    method: str = "POST"
    more: dict[str, str] = {}


ASKS = [
    Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}),
    Ask("all flags", EVALUATE, {"context": ANN}),
    Ask("a flag whose value is an object", EVALUATE, {"flag_key": "theme", "context": ANN}),
    Ask("one flag by OFREP", f"{OFREP}/sale", {"context": {"targetingKey": "ann"}}),
    Ask("all flags by OFREP", OFREP, {"context": {"targetingKey": "ann", "country": "US"}}),
    Ask("nobody by OFREP", OFREP, {}),
    Ask("the configuration", "/sdk/config", method="GET"),
    Ask("the configuration, packed", "/sdk/config", method="GET", more={"HTTP_ACCEPT_ENCODING": "gzip, br"}),
    Ask("a delta", "/sdk/config?since=2", method="GET"),
    Ask("what is held already", "/sdk/config", method="GET", more={"HTTP_IF_NONE_MATCH": "*"}),
    Ask("what is held already by OFREP", OFREP, {"context": ANN}, more={"HTTP_IF_NONE_MATCH": "*"}),
    Ask("no such flag", EVALUATE, {"flag_key": "nope", "context": ANN}, is_short=False),
    Ask("no such flag by OFREP", f"{OFREP}/nope", {"context": ANN}, is_short=False),
    Ask("a key that is no text", EVALUATE, {"flag_key": 7, "context": ANN}, is_short=False),
    Ask("a key that is null", EVALUATE, {"flag_key": None, "context": ANN}, is_short=False),
    Ask("an unknown member", EVALUATE, {"flagkey": "sale", "context": ANN}, is_short=False),
    Ask("no context", EVALUATE, {"flag_key": "sale"}, is_short=False),
    Ask("no id", EVALUATE, {"flag_key": "sale", "context": {"country": "US"}}, is_short=False),
    Ask("an id that is a number", EVALUATE, {"flag_key": "sale", "context": {"id": 7}}, is_short=False),
    Ask("an id that is a number by OFREP", OFREP, {"context": {"targetingKey": 7}}, is_short=False),
    Ask("a big context", EVALUATE, {"context": {"id": "ann", "note": "x" * 65_536}}, is_short=False),
    Ask("a NUL", EVALUATE, {"context": {"id": "a\x00b"}}, is_short=False),
    Ask("no JSON", EVALUATE, b"{", is_short=False),
    Ask("no JSON by OFREP", OFREP, b"{", is_short=False),
    Ask("nothing", EVALUATE, b"", is_short=False),
    Ask("a list", OFREP, [1], is_short=False),
    Ask("a form", EVALUATE, b"a=b", is_short=False, more={"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
    Ask("a parameter without a name", "/sdk/config?=", method="GET", is_short=False),
    Ask("a patch", "/sdk/config", method="GET", is_short=False, more={"HTTP_ACCEPT": "application/json-patch+json"}),
    Ask("JSON among others", "/sdk/config", method="GET", more={"HTTP_ACCEPT": "text/html, application/json;q=0.9"}),
    Ask("an unknown parameter", "/sdk/config?sinse=2", method="GET", is_short=False),
    Ask("a revision that is none", "/sdk/config?since=x", method="GET", is_short=False),
    Ask("another method", "/sdk/config", is_short=False),
    Ask("what no view gives", "/sdk/config", method="GET", is_short=False, more={"HTTP_ACCEPT": "text/html"}),
    Ask("another host", EVALUATE, {"context": ANN}, is_short=False, more={"HTTP_HOST": "elsewhere.example"}),
    Ask("no key", EVALUATE, {"context": ANN}, is_short=False, more={"HTTP_AUTHORIZATION": ""}),
    Ask("a wrong key", EVALUATE, {"context": ANN}, more={"HTTP_AUTHORIZATION": "Bearer fs_srv_0_x"}),
]


class Time:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


class Site:
    """Django with the short road before it, and how often Django was asked."""

    def __init__(self, key: str, now: Callable[[], float]) -> None:
        self.asked_django = 0
        self._django = WSGIHandler()
        self._key = key
        self.front = Front(self._behind, callers=Callers(now=now))

    def _behind(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked_django += 1
        return self._django(environ, start_response)

    def answer(self, ask: Ask, *, by_django: bool = False) -> Reply:
        path, _, query = ask.path.partition("?")
        body = ask.body if isinstance(ask.body, bytes) else b"" if ask.body is None else orjson.dumps(ask.body)
        environ = {
            "REQUEST_METHOD": ask.method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost", "HTTP_AUTHORIZATION": f"Bearer {self._key}", "HTTP_ACCEPT": "*/*",
            "CONTENT_TYPE": "application/json" if body else "", "CONTENT_LENGTH": str(len(body)) if body else "",
            "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(), **ask.more,
        }  # fmt: skip
        said: list[Any] = []
        application: Any = self._django if by_django else self.front
        parts = application(environ, lambda status, headers: said.extend((status, headers)))
        headers = dict(said[1])
        if said[0].startswith("304"):
            headers.pop("Content-Length", None)  # Django's says 0, which is not the length of what is held (RFC 9110)
        reply = Reply(int(said[0].split()[0]), headers, b"".join(parts))
        if hasattr(parts, "close"):
            parts.close()
        return reply

    def value(self, key: str = "sale") -> Any:
        reply = self.answer(Ask("one flag", EVALUATE, {"flag_key": key, "context": ANN}))
        assert reply.status == 200, reply.body
        return orjson.loads(reply.body)["value"]


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    recording.start_anew()
    yield
    recording.start_anew()


@pytest.fixture(autouse=True)
def _the_database_stays_open() -> Iterator[None]:
    """Django's handler lets go of it at the end of each request, which would end the test's transaction."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _one_thread_does_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which alone sees the test's transaction."""
    monkeypatch.setattr(callers_module, "ThreadPoolExecutor", AtOnce)


@pytest.fixture
def site(server_key: str, time: Time, sale: Flag) -> Site:
    return Site(server_key, time)


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.name)
def test_the_short_road_answers_as_django_does(ask: Ask, site: Site, shop: Project) -> None:
    variations = [{"key": key, "value": {"ink": key}} for key in ("dark", "light")]
    make(shop, "theme", type="json", variations=variations)
    assert site.answer(ask) == site.answer(ask, by_django=True)
    assert site.asked_django == (0 if ask.is_short else 1)


def test_over_https_only_plain_http_is_sent_away_and_the_rest_is_the_same(
    server_key: str, time: Time, sale: Flag, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    site = Site(server_key, time)
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    assert site.answer(ask).status == 301
    secure = ask._replace(more={"HTTP_X_FORWARDED_PROTO": "https"})
    assert site.answer(secure) == site.answer(secure, by_django=True)
    assert site.answer(secure).headers["Strict-Transport-Security"] == "max-age=60"
    assert site.asked_django == 1


def test_a_key_that_asks_too_often_is_told_when_to_come_back(site: Site, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = 1
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    statuses = [site.answer(ask).status for _ in range(4)]
    assert (statuses[0], statuses[-1], site.asked_django) == (200, 429, 0)
    assert site.answer(ask) == site.answer(ask, by_django=True)


def test_the_line_of_an_evaluation_names_the_request_as_its_caller_does_in_bounds(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="flagsite.evaluations")
    ask = Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN})
    for more in ({"HTTP_X_REQUEST_ID": "order-7"}, {"HTTP_X_REQUEST_ID": "x" * 5_000}, {}, {}):
        site.answer(ask._replace(more=more))
    lines = [orjson.loads(record.line) for record in caplog.records if isinstance(record, ReadyLine)]
    named, long, *ours = [line["request_id"] for line in lines]
    assert (named, len(long), len(set(ours))) == ("order-7", 200, 2)
    assert {line["ip"] for line in lines} == {"127.0.0.1"}


def test_what_is_left_to_django_is_recorded_once(site: Site) -> None:
    site.answer(Ask("no such flag", EVALUATE, {"flag_key": "nope", "context": ANN}))
    site.answer(Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}))
    waiting = recording._recorder.buffer.take()
    assert sorted(noted.answers[0].key for noted in waiting.noted) == ["nope", "sale"]


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


def test_a_database_that_may_only_be_read_lets_keys_in_and_notes_no_use(site: Site, monkeypatch: Any) -> None:
    def read_only(*_: Any, **__: Any) -> None:
        raise InternalError("cannot execute UPDATE in a read-only transaction")

    monkeypatch.setattr(QuerySet, "update", read_only)
    assert site.value() is True


def test_a_body_that_comes_in_pieces_is_read_to_its_end(site: Site) -> None:
    for ask in (
        Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN}),
        Ask("one flag by OFREP", f"{OFREP}/sale", {"context": {"targetingKey": "ann"}}),
    ):
        in_pieces = ask._replace(more={"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"})
        assert site.answer(in_pieces) == site.answer(ask, by_django=True)
    waiting = recording._recorder.buffer.take()
    assert {noted.context_id for noted in waiting.noted} == {"ann"}


def test_a_body_without_an_end_is_refused(site: Site, monkeypatch: Any) -> None:
    monkeypatch.setattr("flags.serving.front.MAX_BYTES", 100)
    monkeypatch.setattr("flagsite.lib.json_body.MAX_BYTES", 100)
    more = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert site.answer(Ask("all flags", EVALUATE, {"context": {"id": "x" * 200}}, more=more)).status == 413


def test_a_request_that_is_left_to_django_is_counted_once_against_its_key(site: Site, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = 2  # and at once, what it may ask in two seconds
    ask = Ask("no such flag", EVALUATE, {"flag_key": "nope", "context": ANN})
    assert [site.answer(ask).status for _ in range(5)] == [404, 404, 404, 404, 429]


def test_headers_that_anybody_can_make_long_are_not_remembered(site: Site, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    client_address._nearest.cache_clear()
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    for number in range(10):
        assert site.answer(ask._replace(more={"HTTP_X_FORWARDED_FOR": f"203.0.113.{number}, " * 100})).status == 200
    assert client_address._nearest.cache_info().currsize == 0


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
        for ask in ASKS[:9]:
            if ask.name != "a flag whose value is an object":
                assert site.answer(ask).status == 200


def test_of_very_many_callers_the_first_are_forgotten(site: Site, monkeypatch: Any, production: Environment) -> None:
    monkeypatch.setattr(callers_module, "MAX_KNOWN_CALLERS", 2)
    callers = Callers(now=lambda: 0.0)
    for _ in range(4):
        key = str(issue_server_key(environment=production, name="test", by=SYSTEM)[1])
        assert callers.of(f"Bearer {key}", address=None)
        assert callers.of(f"bearer   {key}", address=None)
    assert len(callers._known) == 2


class Never:
    """An executor that never gets to it."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, *_: Any) -> None:
        pass


class AtOnce:
    """An executor that does it now, in the thread that asks."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        work(*arguments)


def turn_off(production: Environment, sale: Flag) -> None:
    update_flag(project=production.project, environment=production, key=sale.key, fields={"enabled": False}, by=SYSTEM)
