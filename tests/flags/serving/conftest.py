"""Django with the short road before it, and requests that go down both."""

import io
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import orjson
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from accounts.models import Environment
from flags import recording
from flags.api.replies import Reply
from flags.models import Flag
from flags.services import update_flag
from flags.serving import callers as callers_module
from flags.serving.callers import Callers
from flags.serving.front import Front
from tests.conftest import SYSTEM

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


def turn_off(production: Environment, sale: Flag) -> None:
    update_flag(project=production.project, environment=production, key=sale.key, fields={"enabled": False}, by=SYSTEM)
