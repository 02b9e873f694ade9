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
