"""What a message means, judged without a socket."""

import gzip
import json
from typing import Any

import pytest
from flagsite_sdk.errors import Unreadable
from flagsite_sdk.protocol import Protocol, Verdict

LIMIT = 1_000


def judge(message: Any, *, holding: int | None, protocol: Protocol | None = None) -> Verdict:
    frame = message if isinstance(message, str | bytes) else json.dumps(message)
    return (protocol or Protocol(max_message_bytes=LIMIT)).receive(frame, holding=holding).verdict


def delta(since: int, revision: int) -> dict[str, Any]:
    return {"since": since, "revision": revision, "flags": {}, "segments": {}}


@pytest.mark.parametrize("holding", [None, 0, 7, 42, 100])
def test_a_snapshot_is_taken_whatever_is_held(holding: int | None) -> None:
    assert judge({"revision": 42, "flags": {}, "segments": {}}, holding=holding) is Verdict.REPLACE


def test_a_delta_from_what_is_held_is_applied() -> None:
    assert judge(delta(41, 42), holding=41) is Verdict.APPLY


def test_a_delta_that_began_earlier_but_leads_further_is_applied() -> None:
    assert judge(delta(30, 42), holding=41) is Verdict.APPLY


@pytest.mark.parametrize("holding", [42, 43])
def test_a_delta_to_what_is_held_is_nothing_new(holding: int) -> None:
    assert judge(delta(41, 42), holding=holding) is Verdict.FRESH


@pytest.mark.parametrize("holding", [None, 40])
def test_a_delta_from_a_later_revision_is_a_gap(holding: int | None) -> None:
    assert judge(delta(41, 42), holding=holding) is Verdict.GAP


@pytest.mark.parametrize("holding", [None, 40])
def test_a_heartbeat_ahead_is_a_gap(holding: int | None) -> None:
    assert judge({"revision": 41}, holding=holding) is Verdict.GAP


def test_a_heartbeat_at_what_is_held_is_nothing_new() -> None:
    assert judge({"revision": 41}, holding=41) is Verdict.FRESH


def test_a_heartbeat_behind_is_borne_twice_and_then_the_server_is_believed() -> None:
    protocol = Protocol(max_message_bytes=LIMIT)
    verdicts = [judge({"revision": 40}, holding=41, protocol=protocol) for _ in range(3)]
    assert verdicts == [Verdict.FRESH, Verdict.FRESH, Verdict.RESTART]


@pytest.mark.parametrize("news", [{"revision": 41}, delta(41, 42)])
def test_news_in_between_forgives_a_heartbeat_behind(news: dict[str, Any]) -> None:
    protocol = Protocol(max_message_bytes=LIMIT)
    behind = {"revision": 40}
    verdicts = [judge(each, holding=41, protocol=protocol) for each in (behind, behind, news, behind, behind)]
    assert Verdict.RESTART not in verdicts


def test_a_server_without_any_revision_has_an_empty_configuration() -> None:
    decision = Protocol(max_message_bytes=LIMIT).receive('{"revision": 0}', holding=None)
    assert decision.verdict is Verdict.REPLACE
    assert json.loads(decision.document) == {"revision": 0, "flags": {}, "segments": {}}


def test_bytes_are_gzip_and_the_document_comes_out_unpacked() -> None:
    document = json.dumps(delta(41, 42)).encode()
    decision = Protocol(max_message_bytes=LIMIT).receive(gzip.compress(document), holding=41)
    assert (decision.verdict, decision.document, decision.revision) == (Verdict.APPLY, document, 42)


def test_fields_of_later_versions_are_overlooked() -> None:
    assert judge({"revision": 41, "mood": "good"}, holding=41) is Verdict.FRESH


@pytest.mark.parametrize(
    "garbage",
    ["", "x", "null", "[1]", "{}", '{"revision": null}', '{"revision": 1.5}', b"plain", b"", '"\ud800"'[:1]],
)
def test_garbage_is_unreadable(garbage: str | bytes) -> None:
    with pytest.raises(Unreadable):
        judge(garbage, holding=1)


def test_a_frame_that_ends_in_the_middle_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="middle"):
        judge(gzip.compress(json.dumps(delta(1, 2)).encode())[:-9], holding=1)


def test_a_small_frame_cannot_unpack_to_a_huge_one() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with pytest.raises(Unreadable, match="more than 1000"):
        judge(bomb, holding=1)


def test_a_large_text_is_refused() -> None:
    with pytest.raises(Unreadable, match="more than 1000"):
        judge(" " * (LIMIT + 1), holding=1)
