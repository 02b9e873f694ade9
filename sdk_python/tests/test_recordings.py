"""Evaluations recorded one by one: exactly what was served, once, in bounds, and no more than the settings say."""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any

import pytest
from flagsite_sdk import FlagClient
from flagsite_sdk.testing import override

from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, Connect, eventually, nothing_sent
from sdk_python.tests.server import KEY, Server

ON = ("new-checkout", "on", "FALLTHROUGH")


def recorded(server: Server) -> list[dict[str, Any]]:
    """What the server has taken, each batch once."""
    batches = {batch["batch"]: batch for batch in server.batches}.values()
    return [record for batch in batches for record in batch.get("evaluations", [])]


def flags_recorded(server: Server) -> list[str]:
    return [record["flag"] for record in recorded(server)]


def test_a_record_says_who_got_what_and_why_and_never_the_value(connect: Connect, server: Server) -> None:
    server.flags["targeted"] = documents.text(
        "Secret", rules=[documents.rule(documents.equals("country", "US"), "plain")]
    )
    client = connect(record_evaluations=1)
    client.evaluate("targeted", {"id": "ann", "country": "US"})
    assert client.flush()
    (record,) = recorded(server)
    assert time.strptime(record.pop("time")[:19], "%Y-%m-%dT%H:%M:%S")
    assert record == {
        "flag": "targeted", "context_id": "ann", "variation": "plain", "reason": "RULE_MATCH", "rule": "the-rule",
        "revision": client.status().revision,
    }  # fmt: skip
    assert b"Secret" not in b"".join(server.bodies)


def test_every_way_of_asking_is_recorded_and_counted_once(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    assert client.is_enabled("new-checkout", ALICE)
    assert client.evaluate("new-checkout", ALICE) is True
    assert client.get_variation("new-checkout", ALICE) == "on"
    assert client.evaluate_detail("new-checkout", ALICE).value is True
    assert client.flush()
    assert flags_recorded(server) == ["new-checkout"] * 4
    assert server.counts() == {ON: 4}


def test_what_gave_the_default_is_recorded_with_its_error(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1, record_attributes=["plan"])
    assert client.is_enabled("banner-text", {"id": "ann", "plan": "pro"}) is False
    assert client.evaluate("missing", ALICE, "default") == "default"
    assert client.flush()
    wrong, missing = recorded(server)
    assert time.strptime(wrong.pop("time")[:19], "%Y-%m-%dT%H:%M:%S")
    assert wrong == {
        "flag": "banner-text", "context_id": "ann", "variation": None, "reason": "ERROR",
        "error_code": "TYPE_MISMATCH", "revision": client.status().revision, "attributes": {"plan": "pro"},
    }  # fmt: skip
    assert (missing["flag"], missing["error_code"]) == ("missing", "FLAG_NOT_FOUND")
    assert server.counts() == {("banner-text", None, "ERROR"): 1, ("missing", None, "ERROR"): 1}


@pytest.mark.parametrize("context", [{}, {"id": 5}, None, "text"])
def test_an_error_without_an_id_or_a_key_is_counted_and_not_recorded(
    context: Any, connect: Connect, server: Server
) -> None:
    client = connect(record_evaluations=1)
    assert client.evaluate("new-checkout", context) is None
    assert client.evaluate("Not A Key", ALICE) is None
    assert client.flush()
    assert recorded(server) == []
    assert server.counts() == {("new-checkout", None, "ERROR"): 1}
    assert client.status().dropped_records == 0


def test_of_errors_too_only_what_is_wanted_is_recorded(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=["banner-text"])
    assert client.evaluate("missing", ALICE) is None
    with override(client, "new-checkout", False):
        assert client.is_enabled("banner-text", ALICE) is False
    assert client.is_enabled("banner-text", {"id": "ben"}) is False
    assert client.flush()
    assert [record["context_id"] for record in recorded(server)] == ["ben"]


def test_by_default_nothing_is_recorded_and_the_table_is_the_engines_own(connect: Connect, server: Server) -> None:
    client = connect()
    client.is_enabled("new-checkout", ALICE)
    assert client._table is client._configuration.snapshot.table
    assert client.flush()
    assert "evaluations" not in server.batches[0]


def test_chosen_flags_are_recorded_and_others_only_counted(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=["banner-text"])
    client.evaluate("new-checkout", ALICE)
    client.evaluate("banner-text", ALICE)
    assert client.flush()
    assert flags_recorded(server) == ["banner-text"]
    assert len(server.counts()) == 2


def test_a_share_is_recorded(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=0.5)
    for _ in range(1_000):
        client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    assert 400 < len(recorded(server)) < 600
    assert server.counts() == {ON: 1_000}


def test_of_attributes_only_those_that_are_named_are_sent(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1, record_attributes=["plan", "team.id", "odd", "long", "id", "gone"])
    team = {"id": "t1", "name": "secret-team"}
    client.evaluate("new-checkout", {
        "id": "ann", "plan": "pro", "team": team, "email": "secret-mail", "odd": object(), "long": "x" * 2_000,
    })  # fmt: skip
    assert client.flush()
    assert recorded(server)[0]["attributes"] == {"plan": "pro", "team.id": "t1"}
    assert b"secret" not in b"".join(server.bodies)


def test_attributes_are_sent_as_they_were_when_the_flag_was_decided(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1, record_attributes=["tags"])
    context: dict[str, Any] = {"id": "ann", "tags": ["a"]}
    client.evaluate("new-checkout", context)
    context["tags"].append("later")
    assert client.flush()
    assert recorded(server)[0]["attributes"] == {"tags": ["a"]}


@pytest.mark.parametrize("context_id", ["x" * 513, "a\x00b", "\ud800"])
def test_an_id_that_the_server_would_refuse_spoils_no_batch(context_id: str, connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    assert client.evaluate("new-checkout", {"id": context_id}) is True
    client.evaluate("new-checkout", ALICE)
    assert client.flush()
    assert [record["context_id"] for record in recorded(server)] == ["alice"]
    assert client.status().dropped_records == 1


def test_a_full_queue_drops_counts_and_never_waits(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1, record_queue_size=3)
    with nothing_sent(client):
        for _ in range(5):
            client.is_enabled("new-checkout", ALICE)
    assert client.status().dropped_records == 2
    assert client.flush()
    assert len(recorded(server)) == 3
    assert server.counts() == {ON: 5}


def test_many_records_go_in_several_batches(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    for _ in range(7_000):
        client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    assert len(recorded(server)) == 7_000
    assert all(len(batch.get("evaluations", [])) <= 5_000 for batch in server.batches)
    assert server.counts() == {ON: 7_000}


def test_a_batch_that_is_sent_again_brings_its_records_under_the_same_number(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    client.is_enabled("new-checkout", ALICE)
    server.reports.append((503, {}))
    assert not client.flush()
    client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    first, again, later = map(json.loads, server.bodies)
    assert (first["batch"], first["evaluations"]) == (again["batch"], again["evaluations"])
    assert later["batch"] != first["batch"]
    assert len(recorded(server)) == 2


def test_a_batch_that_is_refused_for_good_is_counted_as_dropped(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    client.is_enabled("new-checkout", ALICE)
    server.reports.append((400, {}))
    assert client.flush()
    assert client.status().dropped_records == 1


def test_a_change_of_the_flag_is_seen_by_what_is_recorded(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    client.is_enabled("new-checkout", ALICE)
    server.publish({"new-checkout": documents.boolean(on=False)})
    eventually(lambda: client.evaluate_detail("new-checkout", ALICE).reason == "OFF")
    assert client.flush()
    first, *_, last = recorded(server)
    assert (first["reason"], last["reason"]) == ("FALLTHROUGH", "OFF")
    assert last["revision"] > first["revision"]


def test_threads_record_all_that_they_are_served(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)

    def read() -> None:
        for _ in range(500):
            client.is_enabled("new-checkout", ALICE)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush()
    assert (len(recorded(server)), server.counts()) == (2_000, {ON: 2_000})


def test_the_first_read_of_a_lazy_client_is_recorded(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1, lazy=True, bootstrap={"revision": 1, "flags": server.flags, "segments": {}})
    client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    assert len(recorded(server)) == 1


def test_closing_sends_what_is_left_and_then_records_nothing(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    client.is_enabled("new-checkout", ALICE)
    client.close()
    assert client.is_enabled("new-checkout", ALICE)
    assert len(recorded(server)) == 1


@pytest.mark.parametrize("settings", [{"offline": True}, {"report": False}])
def test_who_reports_nothing_records_nothing(settings: dict[str, Any], server: Server) -> None:
    bootstrap = {"revision": 1, "flags": server.flags, "segments": {}}
    with FlagClient(server.url, KEY, bootstrap=bootstrap, record_evaluations=1, **settings) as client:
        assert client.is_enabled("new-checkout", ALICE)
        assert client._table is client._configuration.snapshot.table


def test_what_a_test_lays_over_is_not_recorded(connect: Connect, server: Server) -> None:
    client = connect(record_evaluations=1)
    with override(client, "new-checkout", False):
        assert not client.is_enabled("new-checkout", ALICE)
    assert client.is_enabled("new-checkout", ALICE)
    assert client.flush()
    assert [record["variation"] for record in recorded(server)] == ["on"]


def test_a_json_value_is_still_a_copy_for_each_reader(connect: Connect, server: Server) -> None:
    server.flags["menu"] = documents.constant("json", {"items": ["tea"]})
    client = connect(record_evaluations=1)
    client.evaluate("menu", ALICE)["items"].clear()
    assert client.evaluate("menu", ALICE) == {"items": ["tea"]}


def test_a_context_that_raises_fails_no_read(connect: Connect) -> None:
    class Moody(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            if name == "plan":
                raise RuntimeError
            return {"id": "ann"}[name]

        def __iter__(self) -> Any:
            return iter(["id"])

        def __len__(self) -> int:
            return 1

        def get(self, name: str, default: Any = None) -> Any:
            return self[name] if name in {"id", "plan"} else default

    client = connect(record_evaluations=1, record_attributes=["plan"])
    assert client.evaluate("new-checkout", Moody()) is True
    assert client.status().dropped_records == 1
