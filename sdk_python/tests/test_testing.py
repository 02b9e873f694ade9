"""What other people's tests use."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from flagsite_sdk import Change, FlagClient, InvalidSettings, Reason
from flagsite_sdk.testing import StaticClient, Tracked, override

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually
from sdk_python.tests.server import Server

VALUES: dict[str, Any] = {
    "on": True,
    "off": False,
    "text": "Hello",
    "whole": 3,
    "fraction": 0.5,
    "object": {"a": [1, None]},
    "list": [1, 2],
}


def test_a_static_client_gives_everybody_its_values() -> None:
    client = StaticClient(VALUES)
    assert isinstance(client, FlagClient)
    assert {key: client.evaluate(key, ALICE) for key in VALUES} == VALUES
    assert client.is_enabled("on", {"id": ""})
    assert not client.is_enabled("off", ALICE)
    assert client.get_variation("on", ALICE) == "on"
    assert client.get_variation("off", ALICE) == "off"
    assert client.evaluate("missing", ALICE, "default") == "default"


def test_an_empty_static_client_is_ready() -> None:
    with StaticClient() as client:
        assert client.status().ready
        assert client.evaluate_all(ALICE) == {}


def test_a_static_client_takes_rules() -> None:
    beta = documents.boolean(fallthrough={"variation": "off"}, rules=[documents.rule({"segment": "testers"})])
    client = StaticClient({"on": True}, documents={"beta": beta}, segments={"testers": {"included": ["alice"]}})
    assert client.is_enabled("beta", ALICE)
    assert not client.is_enabled("beta", {"id": "bob"})
    assert client.is_enabled("on", ALICE)
    assert client.evaluate_detail("beta", ALICE).reason is Reason.RULE_MATCH


@pytest.mark.parametrize("value", [object(), float("nan"), {"a": object()}])
def test_a_value_that_no_flag_can_have_is_said_at_once(value: Any) -> None:
    with pytest.raises(InvalidSettings):
        StaticClient({"flag": value})
    with pytest.raises(InvalidSettings), override(StaticClient(), "flag", value):
        pass


@pytest.mark.parametrize("flag", [{"type": "teapot"}, {**documents.boolean(), "surprise": 1}])
def test_a_document_that_is_no_flag_is_said_at_once(flag: Any) -> None:
    with pytest.raises(InvalidSettings, match="not a flag"):
        StaticClient(documents={"flag": flag})


def test_values_may_change_and_listeners_hear() -> None:
    client = StaticClient({"flag": True})
    changes: list[Change] = []
    client.on_change(changes.append)
    client.set("flag", "text", variation="b")
    client.set("new", 5)
    client.remove("flag")
    assert client.evaluate("flag", ALICE) is None
    assert client.evaluate("new", ALICE) == 5
    assert [sorted(change.flags) for change in changes] == [["flag"], ["new"], ["flag"]]
    assert client.status().revision == 4


def test_tracked_events_are_kept_for_the_test() -> None:
    client = StaticClient()
    client.track("purchase", ALICE, value=12.5)
    client.track("visit", {"id": "bob", "email": "bob@example.com"})
    assert client.tracked == [Tracked("purchase", "alice", 12.5), Tracked("visit", "bob", None)]


@pytest.mark.parametrize(
    ("name", "context", "value"),
    [("", ALICE, None), ("a" * 129, ALICE, None), ("visit", {}, None), ("visit", None, 1), ("visit", ALICE, "many")],
)
def test_what_production_would_not_track_is_not_tracked_in_a_test(
    caplog: pytest.LogCaptureFixture, name: str, context: Any, value: Any
) -> None:
    client = StaticClient()
    client.track(name, context, value)
    assert client.tracked == []
    assert "An event was not tracked" in caplog.text


def test_override_lasts_as_long_as_its_block() -> None:
    client = StaticClient({"flag": False})
    with override(client, "flag", True):
        assert client.is_enabled("flag", ALICE)
        assert client.get_variation("flag", ALICE) == "on"
        assert client.evaluate_all(ALICE)["flag"].value is True
    assert not client.is_enabled("flag", ALICE)
    assert client.evaluate_all(ALICE)["flag"].value is False


def test_override_ends_when_the_block_raises() -> None:
    client = StaticClient({"flag": False})
    with pytest.raises(ZeroDivisionError), override(client, "flag", True):
        raise ZeroDivisionError
    assert not client.is_enabled("flag", ALICE)


def test_override_makes_flags_and_names_variations() -> None:
    client = StaticClient()
    with override(client, "banner", "Hello", variation="b"):
        assert client.get_variation("banner", ALICE) == "b"
        assert client.evaluate_detail("banner", ALICE).value == "Hello"
    assert client.get_variation("banner", ALICE) is None


def test_overrides_nest_and_the_inner_one_wins() -> None:
    client = StaticClient({"flag": "outside", "other": 1})
    with override(client, "flag", "outer"), override(client, "other", 2):
        with override(client, "flag", "inner"):
            assert (client.evaluate("flag", ALICE), client.evaluate("other", ALICE)) == ("inner", 2)
            assert client.evaluate_all(ALICE)["flag"].value == "inner"
        assert client.evaluate("flag", ALICE) == "outer"
    assert (client.evaluate("flag", ALICE), client.evaluate("other", ALICE)) == ("outside", 1)


def test_override_decorates_a_test() -> None:
    client = StaticClient({"flag": False})

    @override(client, "flag", True)
    def decorated() -> bool:
        return client.is_enabled("flag", ALICE)

    assert decorated()
    assert decorated()
    assert not client.is_enabled("flag", ALICE)


def test_override_decorates_a_coroutine() -> None:
    client = StaticClient({"flag": False})

    @override(client, "flag", True)
    async def decorated(other: str) -> list[bool]:
        before = client.is_enabled("flag", ALICE)
        await asyncio.sleep(0)
        return [before, client.is_enabled("flag", ALICE), client.is_enabled(other, ALICE)]

    assert inspect.iscoroutinefunction(decorated)  # or plug-ins of pytest would not await it
    assert list(inspect.signature(decorated).parameters) == ["other"]
    for _ in range(2):
        assert asyncio.run(decorated("missing")) == [True, True, False]
        assert not client.is_enabled("flag", ALICE)


@pytest.mark.parametrize("kind", ["generator", "asynchronous generator"])
def test_what_override_cannot_decorate_is_said_at_once(kind: str) -> None:
    """It would end before the first step: a fixture says ``with``."""

    def generator() -> Iterator[None]:
        yield

    async def asynchronous() -> AsyncIterator[None]:
        yield

    with pytest.raises(TypeError, match="with override"):
        override(StaticClient(), "flag", True)(generator if kind == "generator" else asynchronous)


def test_override_holds_while_the_server_publishes_and_is_not_reported(connect: Connect, server: Server) -> None:
    client = connect()
    with override(client, "new-checkout", False):
        assert not client.is_enabled("new-checkout", ALICE)
        server.publish({"new-checkout": documents.boolean(), "banner-text": documents.text("Bye")})
        eventually(lambda: client.evaluate("banner-text", ALICE) == "Bye")
        assert not client.is_enabled("new-checkout", ALICE)
    assert client.is_enabled("new-checkout", ALICE)
    client.close()
    assert server.counts()["new-checkout", "on", "FALLTHROUGH"] == 1
    assert ("new-checkout", "off", "FALLTHROUGH") not in server.counts()


def test_override_works_before_anything_is_held() -> None:
    client = FlagClient("http://flags.test", offline=True)
    with override(client, "flag", True):
        assert client.is_enabled("flag", ALICE)
        assert client.evaluate("other", ALICE, "default") == "default"
