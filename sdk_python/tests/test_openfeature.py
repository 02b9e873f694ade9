"""The provider in the published OpenFeature SDK."""

import asyncio
import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flagsite_sdk import FlagClient, State
from flagsite_sdk.openfeature import FlagsiteProvider
from flagsite_sdk.testing import StaticClient, Tracked
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus
from openfeature.track import TrackingEventDetails

from sdk_python.tests import documents
from sdk_python.tests.conftest import Connect, eventually
from sdk_python.tests.server import Server

FLAGS = {
    "on": documents.boolean(),
    "off": documents.boolean(on=False),
    "closed": documents.boolean(rollout_percentage=0),
    "needy": documents.boolean(prerequisites=[{"flag": "off", "variation": "on"}]),
    "named": documents.boolean(on=True, targets=[{"variation": "off", "ids": ["alice"]}]),
    "ruled": documents.boolean(rules=[documents.rule(documents.equals("country", "US"), "off")]),
    "nested": documents.boolean(rules=[documents.rule(documents.equals("organisation.id", "acme"), "off")]),
    "dated": documents.boolean(
        rules=[documents.rule({"attribute": "since", "operator": "before", "value": "2026-01-01T00:00:00Z"}, "off")]
    ),
    "text": documents.text("Hello"),
    "whole": documents.constant("number", 3),
    "fraction": documents.constant("number", 0.5),
    "object": documents.constant("json", {"a": 1}),
    "array": documents.constant("json", [1, 2]),
    "broken": {"type": "teapot"},
    "huge": documents.constant("number", 10**400),
}
ALICE = EvaluationContext("alice", {"country": "US"})


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    yield
    api.clear_providers()


@pytest.fixture
def flags() -> FlagClient:
    return FlagClient("http://flags.test", offline=True, bootstrap={"revision": 7, "flags": FLAGS})


@pytest.fixture
def client(flags: FlagClient) -> OpenFeatureClient:
    api.set_provider_and_wait(FlagsiteProvider(flags))
    return api.get_client()


def test_values_come_in_their_types(client: OpenFeatureClient) -> None:
    assert client.get_boolean_value("on", False, ALICE) is True
    assert client.get_string_value("text", "default", ALICE) == "Hello"
    assert client.get_integer_value("whole", 0, ALICE) == 3
    assert client.get_integer_value("huge", 0, ALICE) == 10**400
    assert client.get_float_value("fraction", 0.0, ALICE) == 0.5
    assert client.get_object_value("object", {}, ALICE) == {"a": 1}
    assert client.get_object_value("array", [], ALICE) == [1, 2]


def test_a_whole_number_is_a_float_where_one_is_wanted(client: OpenFeatureClient) -> None:
    value = client.get_float_value("whole", 0.0, ALICE)
    assert (value, type(value)) == (3.0, float)


def test_the_asynchronous_questions_have_the_same_answers(client: OpenFeatureClient) -> None:
    assert asyncio.run(client.get_boolean_value_async("on", False, ALICE)) is True


@pytest.mark.parametrize(
    ("getter", "key", "default"),
    [
        ("boolean", "text", True),
        ("boolean", "whole", True),
        ("string", "on", "default"),
        ("integer", "fraction", 5),
        ("integer", "on", 5),
        ("integer", "text", 5),
        ("float", "on", 5.0),
        ("float", "text", 5.0),
        ("float", "huge", 5.0),
        ("object", "text", {}),
        ("object", "whole", []),
    ],
)
def test_a_value_of_another_type_is_a_mismatch(client: OpenFeatureClient, getter: str, key: str, default: Any) -> None:
    details = getattr(client, f"get_{getter}_details")(key, default, ALICE)
    assert details.value == default
    assert details.error_code is ErrorCode.TYPE_MISMATCH
    assert details.reason == Reason.ERROR


@pytest.mark.parametrize(
    ("key", "variant", "reason", "ours"),
    [
        ("on", "on", Reason.DEFAULT, "FALLTHROUGH"),
        ("off", "off", Reason.DISABLED, "OFF"),
        ("closed", "off", Reason.SPLIT, "OUTSIDE_ROLLOUT"),
        ("needy", "off", Reason.DISABLED, "PREREQUISITE_FAILED"),
        ("named", "off", Reason.TARGETING_MATCH, "TARGET_MATCH"),
        ("ruled", "off", Reason.TARGETING_MATCH, "RULE_MATCH"),
    ],
)
def test_reasons_are_translated_and_ours_stay_in_the_metadata(
    client: OpenFeatureClient, key: str, variant: str, reason: Reason, ours: str
) -> None:
    details = client.get_boolean_details(key, False, ALICE)
    assert (details.variant, details.reason) == (variant, reason)
    assert details.flag_metadata["reason"] == ours
    assert details.flag_metadata["revision"] == 7
    assert details.flag_metadata.get("rule") == ("the-rule" if ours == "RULE_MATCH" else None)


@pytest.mark.parametrize(
    ("key", "context", "code"),
    [
        ("missing", ALICE, ErrorCode.FLAG_NOT_FOUND),
        ("broken", ALICE, ErrorCode.PARSE_ERROR),
        ("on", EvaluationContext(None, {"id": 5}), ErrorCode.INVALID_CONTEXT),
    ],
)
def test_errors_are_translated(
    client: OpenFeatureClient, key: str, context: EvaluationContext, code: ErrorCode
) -> None:
    details = client.get_boolean_details(key, True, context)
    assert (details.value, details.error_code, details.reason) == (True, code, Reason.ERROR)
    assert details.error_message


def test_attributes_reach_the_rules(client: OpenFeatureClient) -> None:
    def ask(key: str, **attributes: Any) -> bool:
        return client.get_boolean_value(key, False, EvaluationContext("bob", attributes))

    assert ask("ruled") is True
    assert ask("ruled", country="US") is False
    assert ask("nested", organisation={"id": "acme"}) is False
    assert ask("dated", since=dt.datetime(2025, 5, 5, tzinfo=dt.UTC)) is False
    assert ask("dated", since=dt.datetime(2025, 5, 5)) is False  # noqa: DTZ001 - without a zone it is UTC
    assert ask("dated", since=dt.datetime(2026, 5, 5, tzinfo=dt.UTC)) is True


def test_who_has_no_targeting_key_is_anonymous(client: OpenFeatureClient) -> None:
    assert client.get_boolean_value("on", False) is True
    assert client.get_boolean_value("ruled", True, EvaluationContext(None, {"country": "US"})) is False
    assert client.get_boolean_value("named", False, EvaluationContext(None, {"id": "alice"})) is False
    assert client.get_boolean_value("named", False, EvaluationContext("bob", {"id": "alice"})) is True


def test_the_provider_has_a_name(client: OpenFeatureClient) -> None:
    assert client.provider.get_metadata().name == "Flagsite"


def test_events_are_tracked_without_their_attributes() -> None:
    static = StaticClient()
    api.set_provider_and_wait(FlagsiteProvider(static))
    client = api.get_client()
    client.track("purchase", ALICE, TrackingEventDetails(12.5, {"secret": "x"}))
    client.track("visit", ALICE)
    client.track("anonymous")
    assert static.tracked == [
        Tracked("purchase", "alice", 12.5),
        Tracked("visit", "alice", None),
        Tracked("anonymous", "", None),
    ]


def test_shutting_down_closes_the_client(flags: FlagClient) -> None:
    api.set_provider_and_wait(FlagsiteProvider(flags))
    api.shutdown()
    assert flags.status().state == "closed"


def hear(event: ProviderEvent) -> list[EventDetails]:
    heard: list[EventDetails] = []
    api.get_client().add_handler(event, heard.append)
    return heard


def test_a_lazy_client_starts_with_the_provider(connect: Connect, server: Server) -> None:
    api.set_provider_and_wait(FlagsiteProvider(connect(lazy=True)))
    assert api.get_client().get_provider_status() is ProviderStatus.READY
    assert api.get_client().get_boolean_value("new-checkout", False, ALICE) is True


def test_changes_and_a_lost_connection_are_provider_events(connect: Connect, server: Server) -> None:
    api.set_provider_and_wait(FlagsiteProvider(connect()))
    changed = hear(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED)
    stale = hear(ProviderEvent.PROVIDER_STALE)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: len(changed) == 1)
    assert changed[0].flags_changed == ["new-checkout"]
    assert changed[0].metadata == {"revision": 2}
    server.stop()
    eventually(lambda: len(stale) == 1)
    assert api.get_client().get_provider_status() is ProviderStatus.STALE
    assert api.get_client().get_boolean_value("new-checkout", True, ALICE) is False
    ready = hear(ProviderEvent.PROVIDER_READY)
    server.start()
    eventually(lambda: len(ready) == 1)
    assert api.get_client().get_provider_status() is ProviderStatus.READY


def test_a_state_is_told_once_however_many_errors_it_sees(flags: FlagClient) -> None:
    provider = FlagsiteProvider(flags)
    told: list[ProviderEvent] = []
    provider.attach(lambda _, event, __: told.append(event))
    provider.initialize(EvaluationContext())
    for error in ("refused", "reset", "timed out"):
        flags._board.enter(State.RECONNECTING, error=error)
    flags._board.enter(State.STREAMING)
    flags._board.enter(State.POLLING)
    assert told == [ProviderEvent.PROVIDER_STALE, ProviderEvent.PROVIDER_READY]


def test_a_provider_without_server_is_not_ready_and_gets_ready(connect: Connect, server: Server) -> None:
    server.stop()
    client = connect(start_timeout=0.05)
    with pytest.raises(ProviderNotReadyError):
        api.set_provider_and_wait(FlagsiteProvider(client))
    details = api.get_client().get_boolean_details("new-checkout", False, ALICE)
    assert details.error_code is ErrorCode.PROVIDER_NOT_READY
    ready = hear(ProviderEvent.PROVIDER_READY)
    server.start()
    eventually(lambda: len(ready) == 1)
    assert api.get_client().get_boolean_value("new-checkout", False, ALICE) is True


def test_a_provider_that_begins_with_last_known_rules_is_stale(connect: Connect, server: Server) -> None:
    server.stop()
    client = connect(
        bootstrap={"flags": {"new-checkout": documents.boolean()}}, stream=False
    )  # one error, again and again
    assert client.status().state is State.RECONNECTING
    api.set_provider_and_wait(FlagsiteProvider(client))
    stale = hear(ProviderEvent.PROVIDER_STALE)
    eventually(lambda: len(stale) == 1)
    assert api.get_client().get_provider_status() is ProviderStatus.STALE
    assert api.get_client().get_boolean_value("new-checkout", False, ALICE) is True
    ready = hear(ProviderEvent.PROVIDER_READY)
    server.start()
    eventually(lambda: len(ready) == 1)


def test_a_refused_key_is_fatal(connect: Connect, server: Server) -> None:
    server.key = "another"
    client = connect(start_timeout=0.05)
    with pytest.raises(ProviderFatalError):
        api.set_provider_and_wait(FlagsiteProvider(client))
    assert api.get_client().get_provider_status() is ProviderStatus.FATAL


def test_a_refused_key_is_told_without_waiting(server: Server) -> None:
    client = FlagClient(server.url, "fs_srv_another_key", start_timeout=600)
    refused: list[Exception] = []

    def initialize() -> None:
        try:
            FlagsiteProvider(client).initialize(EvaluationContext())
        except ProviderFatalError as problem:
            refused.append(problem)

    threading.Thread(target=initialize, daemon=True).start()
    eventually(lambda: len(refused) == 1)
    client.close()


def test_that_a_provider_is_ready_is_told_once(connect: Connect) -> None:
    """The registry tells it when ``initialize`` returns."""
    client = connect(lazy=True)
    provider = FlagsiteProvider(client)
    told: list[ProviderEvent] = []
    provider.attach(lambda _, event, __: told.append(event))
    provider.initialize(EvaluationContext())
    eventually(lambda: client.status().state is State.STREAMING)
    client.close()  # the thread that tells has ended
    assert told == []
