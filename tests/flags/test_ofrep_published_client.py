"""The published `openfeature-provider-ofrep`, against a live server."""

from collections.abc import Iterator

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from pytest_django.live_server_helper import LiveServer

from tests.conftest import Person
from tests.flags.builders import boolean, change, create, equals, rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN = EvaluationContext("ann", {"country": "US"})


@pytest.fixture
def client(live_server: LiveServer, server_key: str) -> Iterator[OpenFeatureClient]:
    headers = {"Authorization": f"Bearer {server_key}"}
    provider = OFREPProvider(live_server.url, headers_factory=lambda: headers)
    api.set_provider_and_wait(provider, "ofrep")
    yield api.get_client("ofrep")
    api.clear_providers()
    provider.session.close()


def test_it_reads_flags_of_every_type_and_says_why_it_could_not(ed: Person, client: OpenFeatureClient) -> None:
    create(ed, boolean(rules=[rule(equals("country", "US"), "off", id="us")]))
    create(ed, {"key": "text", "type": "string", "enabled": True, "variations": [{"key": "a", "value": "Hi"}]})
    create(ed, {"key": "float", "type": "number", "enabled": True, "variations": [{"key": "a", "value": 1.0}]})
    create(ed, {"key": "whole", "type": "number", "enabled": True, "variations": [{"key": "a", "value": 7}]})
    create(ed, {"key": "object", "type": "json", "enabled": True, "variations": [{"key": "a", "value": {"b": [1]}}]})

    matched = client.get_boolean_details("checkout", True, ANN)
    assert (matched.value, matched.variant, matched.reason) == (False, "off", Reason.TARGETING_MATCH)
    assert matched.flag_metadata == {"reason": "RULE_MATCH", "revision": 6, "rule": "us"}
    assert client.get_boolean_value("checkout", False) is True  # without any context
    assert client.get_string_value("text", "", ANN) == "Hi"
    assert client.get_float_value("float", 0.0, ANN) == 1.0
    assert client.get_integer_value("whole", 0, ANN) == 7
    assert client.get_object_value("object", {}, ANN) == {"b": [1]}

    change(ed, "checkout", enabled=False)
    assert client.get_boolean_details("checkout", True, ANN).reason == Reason.DISABLED

    unknown = client.get_boolean_details("nothing", True, ANN)
    assert (unknown.value, unknown.error_code) == (True, ErrorCode.FLAG_NOT_FOUND)
    wrong = client.get_boolean_details("text", True, ANN)
    assert (wrong.value, wrong.error_code) == (True, ErrorCode.TYPE_MISMATCH)
    large = client.get_boolean_details("checkout", True, EvaluationContext("ann", {"x": "x" * 65_536}))
    assert (large.value, large.error_code) == (True, ErrorCode.GENERAL)
