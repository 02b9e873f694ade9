"""What a program gets: values, keys and reasons; its own defaults when anything is wrong; never an exception."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flagsite_sdk import ErrorCode, Evaluation, FlagClient, Reason
from flagsite_sdk.gathering import gather
from flagsite_sdk.testing import StaticClient, override

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE

FLAGS = {
    "on": documents.boolean(),
    "off": documents.boolean(on=False),
    "text": documents.text("Hello"),
    "number": documents.constant("number", 12.5),
    "json": documents.constant("json", {"colours": ["red"]}),
    "half": documents.split(),
    "targeted": documents.boolean(
        fallthrough={"variation": "off"}, rules=[documents.rule(documents.equals("country", "US"))]
    ),
    "broken": {"type": "teapot"},
}

READS: list[Callable[[FlagClient, Any, Any], Any]] = [
    lambda client, key, context: client.is_enabled(key, context),
    lambda client, key, context: client.evaluate(key, context, False),
    lambda client, key, context: client.get_variation(key, context, "default"),
    lambda client, key, context: client.evaluate_detail(key, context, False),
]


@pytest.fixture
def client() -> FlagClient:
    broken = {"revision": 7, "flags": FLAGS}
    return FlagClient("http://flags.test", offline=True, bootstrap=broken)


def test_is_enabled_is_true_only_when_a_boolean_flag_is(client: FlagClient) -> None:
    assert client.is_enabled("on", ALICE) is True
    assert client.is_enabled("off", ALICE) is False
    assert client.is_enabled("text", ALICE) is False
    assert client.is_enabled("missing", ALICE) is False
    assert client.is_enabled("broken", ALICE) is False


def test_values_come_in_their_types(client: FlagClient) -> None:
    assert client.evaluate("on", ALICE) is True
    assert client.evaluate("text", ALICE) == "Hello"
    assert client.evaluate("number", ALICE) == 12.5
    assert client.evaluate("json", ALICE) == {"colours": ["red"]}


def test_a_caller_who_changes_a_json_value_changes_only_its_own(client: FlagClient) -> None:
    client.evaluate("json", ALICE)["colours"].append("blue")
    assert client.evaluate("json", ALICE) == {"colours": ["red"]}


def test_variations_are_keys(client: FlagClient) -> None:
    assert client.get_variation("off", ALICE) == "off"
    assert client.get_variation("text", ALICE, default="other") == "plain"
    assert client.get_variation("missing", ALICE, default="control") == "control"
    assert client.get_variation("missing", ALICE) is None


def test_a_variation_with_a_default_is_text_for_type_checkers_too(client: FlagClient) -> None:
    chosen: str = client.get_variation("missing", ALICE, "control")
    named: str = client.get_variation("missing", ALICE, default="control")
    assert chosen == named == "control"


def test_a_detail_says_why(client: FlagClient) -> None:
    detail = client.evaluate_detail("targeted", {"id": "alice", "country": "US"})
    assert detail == Evaluation(True, "on", Reason.RULE_MATCH, "the-rule", 7)


@pytest.mark.parametrize(
    ("key", "context", "code"),
    [
        ("missing", ALICE, ErrorCode.FLAG_NOT_FOUND),
        ("broken", ALICE, ErrorCode.MALFORMED_FLAG),
        ("half", {}, ErrorCode.INVALID_CONTEXT),
        ("half", {"id": 7}, ErrorCode.INVALID_CONTEXT),
        ("half", None, ErrorCode.INVALID_CONTEXT),
        ("half", "alice", ErrorCode.INVALID_CONTEXT),
        ([], ALICE, ErrorCode.GENERAL),
    ],
)
def test_a_detail_says_what_went_wrong(client: FlagClient, key: Any, context: Any, code: ErrorCode) -> None:
    detail = client.evaluate_detail(key, context, "default")
    assert (detail.value, detail.variation, detail.reason) == ("default", None, Reason.ERROR)
    assert detail.error_code is code
    assert detail.error


def test_a_detail_may_ask_for_a_type(client: FlagClient) -> None:
    good = client.evaluate_detail("text", ALICE, "default", accepts=lambda value: isinstance(value, str))
    bad = client.evaluate_detail("number", ALICE, "default", accepts=lambda value: isinstance(value, str))
    assert good.value == "Hello"
    assert (bad.value, bad.error_code) == ("default", ErrorCode.TYPE_MISMATCH)


def test_before_anything_is_held_everything_is_the_default() -> None:
    client = FlagClient("http://flags.test", offline=True)
    detail = client.evaluate_detail("on", ALICE, default=3)
    assert (detail.value, detail.error_code, detail.revision) == (3, ErrorCode.NOT_READY, 0)
    assert client.evaluate_all(ALICE) == {}
    assert not client.wait_until_ready(0)


def test_all_flags_at_once_are_of_one_revision(client: FlagClient) -> None:
    everything = client.evaluate_all({"id": "alice", "country": "US"})
    assert everything.keys() == FLAGS.keys()
    assert {detail.revision for detail in everything.values()} == {7}
    assert everything["targeted"].value is True
    assert everything["broken"].error_code is ErrorCode.MALFORMED_FLAG


class Hostile(Mapping[str, Any]):
    """A context that raises whatever is done with it."""

    def __getitem__(self, name: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        raise RuntimeError("no")


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("key", ["half", "targeted", "missing", "broken", "", None, [], object()])
@pytest.mark.parametrize("context", [None, [], {}, {"id": None}, {"id": "a", 3: {}}, Hostile(), "text", object])
def test_no_read_ever_raises(client: FlagClient, read: Any, key: Any, context: Any) -> None:
    read(client, key, context)
    client.evaluate_all(context)
    client.track(key, context, context)


def test_the_same_context_gets_the_same_answer_a_hundred_times(client: FlagClient) -> None:
    for number in range(20):
        context = {"id": f"user-{number}"}
        assert len({client.evaluate("half", context) for _ in range(100)}) == 1


def test_what_goes_wrong_is_logged_once_a_minute_and_without_the_context(
    client: FlagClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(50):
            client.is_enabled("missing", {"id": "secret-id", "email": "secret@example.com"})
            client.is_enabled("half", {"id": 5, "email": "secret@example.com"})
            client.is_enabled("text", {"id": "secret-id"})
    assert len(caplog.records) == 3
    assert "secret" not in caplog.text


def test_counts_are_exact(client: FlagClient) -> None:
    for _ in range(3):
        client.is_enabled("on", ALICE)
        client.evaluate("text", ALICE)
    client.get_variation("on", ALICE)
    client.evaluate_detail("on", ALICE)
    client.is_enabled("text", ALICE)  # of the wrong type: an error, and not a serving of its variation
    client.evaluate("missing", ALICE)
    client.evaluate("Not A Key", ALICE)  # the server would refuse it
    gathered = gather(client._configuration, client._errors)
    counts = {(each.flag, each.variation, str(each.reason)): each.number for each in gathered}
    assert counts == {
        ("on", "on", "FALLTHROUGH"): 5,
        ("text", "plain", "FALLTHROUGH"): 3,
        ("text", None, "ERROR"): 1,
        ("missing", None, "ERROR"): 1,
    }
    assert client.status().dropped_counts == 1
    assert list(gather(client._configuration, client._errors)) == []


def test_all_flags_at_once_are_counted_each(client: FlagClient) -> None:
    everything = client.evaluate_all(ALICE)
    counted = list(gather(client._configuration, client._errors))
    assert {each.flag for each in counted} == everything.keys()
    for each in counted:
        found = everything[each.flag]
        expected = (found.variation, found.reason, found.error_code, 1)
        assert (each.variation, each.reason, each.error_code, each.number) == expected


def test_of_all_flags_at_once_what_is_laid_over_is_not_counted(client: FlagClient) -> None:
    with override(client, "on", False):
        everything = client.evaluate_all(ALICE)
    assert everything["on"].value is False
    counted = gather(client._configuration, client._errors)
    assert {each.flag for each in counted} == everything.keys() - {"on"}


def test_a_static_client_reads_alike() -> None:
    client = StaticClient(documents={key: flag for key, flag in FLAGS.items() if key != "broken"})
    assert client.is_enabled("on", ALICE)
    assert client.evaluate_detail("half", {}).error_code is ErrorCode.INVALID_CONTEXT
