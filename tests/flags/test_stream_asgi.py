"""The stream under a server that gives no connection away: everything goes through ASGI's `send`."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import orjson
import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async

from accounts.models import Environment
from accounts.services import issue_server_key
from flags.models import Flag
from flags.publishing import notifications
from flags.stream import hub as hubs
from flags.stream.events import CONFIGURATION
from flags.stream.handshake import follow
from tests.conftest import SYSTEM
from tests.flags.builders import set_fields

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _a_hub_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """It lives on the event loop that runs when the first one comes."""
    monkeypatch.setattr(hubs, "_hub", None)
    monkeypatch.setattr(notifications, "_listeners", [])
    yield
    asyncio.set_event_loop(None)


@pytest.fixture
def key(production: Environment, sale: Flag) -> str:
    return str(issue_server_key(environment=production, name="SDK", by=SYSTEM)[1])


async def connect(key: str, **extensions: Any) -> Any:
    scope = {
        "type": "websocket",
        "path": "/sdk/stream",
        "query_string": b"since=0",
        "headers": [(b"authorization", f"Bearer {key}".encode())],
        "extensions": extensions,
    }
    asking: Any = ApplicationCommunicator(follow, scope)  # type: ignore[no-untyped-call]  # published so
    await asking.send_input({"type": "websocket.connect"})
    return asking


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 30))


def test_a_change_reaches_the_client(key: str, production: Environment, sale: Flag) -> None:
    async def scene() -> None:
        asking = await connect(key)
        assert (await asking.receive_output(10))["type"] == "websocket.accept"
        snapshot = orjson.loads(gzip.decompress((await asking.receive_output(10))["bytes"]))
        await database_sync_to_async(set_fields)(sale, production, enabled=False)
        delta = orjson.loads((await asking.receive_output(10))["text"])
        assert (delta["since"], list(delta["flags"])) == (snapshot["revision"], [sale.key])
        await asking.send_input({"type": "websocket.disconnect", "code": 1000})
        await asking.wait(10)
        assert hubs.hub().admission.following == 0

    play(scene)


def test_a_key_that_opens_nothing_is_refused_with_a_problem(key: str) -> None:
    async def scene() -> None:
        refused = await connect(f"{key}x", **{"websocket.http.response": {}})
        start, body = await refused.receive_output(10), await refused.receive_output(10)
        assert (start["status"], dict(start["headers"])[b"www-authenticate"]) == (401, b"Bearer")
        assert orjson.loads(body["body"])["code"] == "NOT_AUTHENTICATED"
        refused = await connect(f"{key}x")
        assert (await refused.receive_output(10))["type"] == "websocket.close", "to a server that knows no such answers"

    play(scene)


def test_events_reach_the_client_too(key: str, production: Environment, sale: Flag) -> None:
    async def scene() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {key}".encode())],
        }
        asking: Any = ApplicationCommunicator(CONFIGURATION, scope)  # type: ignore[no-untyped-call]  # published so
        start = await asking.receive_output(10)
        assert (start["status"], dict(start["headers"])[b"content-type"]) == (200, b"text/event-stream")
        assert (await asking.receive_output(10))["body"] == b""
        snapshot = (await asking.receive_output(10))["body"].decode()
        production_at = orjson.loads(snapshot.partition("data: ")[2])["revision"]
        assert snapshot.startswith(f"event: snapshot\nid: {production_at}\n")
        await database_sync_to_async(set_fields)(sale, production, enabled=False)
        assert (await asking.receive_output(10))["body"].startswith(b"event: delta\nid: %d\n" % (production_at + 1))
        await asking.send_input({"type": "http.disconnect"})
        await asking.wait(10)
        assert hubs.hub().admission.following == 0

    play(scene)
