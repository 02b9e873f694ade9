"""GET /sdk/config: snapshots, deltas, entity tags, gzip."""

import gzip
from typing import Any

import pytest
from flagsite_sdk.engine import Snapshot
from rest_framework.test import APIClient

from flags import limits, snapshots
from tests.conftest import Person
from tests.flags.builders import boolean, change, create, create_segment, equals, rule, texts
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db


def config(sdk: APIClient, since: int | None = None) -> dict[str, Any]:
    response = sdk.get("/sdk/config" if since is None else f"/sdk/config?since={since}")
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    assert response.headers["ETag"] == f'"{document["revision"]}"'
    return document


def test_the_snapshot_holds_all_that_decides_and_nothing_else(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "us", name="Americans", **{"if": equals("country", "US")})
    variations = [{"key": "a", "value": 1, "name": "One"}]
    rules = [rule({"segment": "us"}, "a", id="us")]
    body = {"key": "limit", "type": "number", "variations": variations, "salt": "5f0c", "rules": rules}
    create(ed, {**body, "name": "Limit", "description": "How many.", "tags": ["ops"]})
    assert config(sdk) == {
        "revision": 3,
        "flags": {
            "limit": {
                "type": "number",
                "enabled": False,
                "hash": "xxh3",
                "salt": "5f0c",
                "variations": [{"key": "a", "value": 1}],
                "off_variation": "a",
                "fallthrough": {"variation": "a"},
                "rollout_percentage": 100,
                "targets": [],
                "prerequisites": [],
                "rules": rules,
            },
        },
        "segments": {"us": {"if": equals("country", "US")}},
    }


def test_the_engine_takes_the_snapshot_and_decides_as_the_server_does(ed: Person, sdk: APIClient) -> None:
    create(ed, texts(rollout_percentage=50))
    engine = Snapshot(clock=lambda: 0)
    engine.replace(sdk.get("/sdk/config").content)
    for n in range(20):
        answer = sdk.post("/evaluate", {"flag_key": "banner", "context": {"id": f"user-{n}"}}).json()
        found = engine.detail("banner", {"id": f"user-{n}"})
        assert (answer["variation"], answer["reason"]) == (found.variation, found.reason)


def test_what_is_held_already_is_not_sent_again(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    for held in ('"2"', 'W/"2"', '"7", W/"2"', "*"):
        response = sdk.get("/sdk/config", headers={"If-None-Match": held})
        assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", '"2"')
    change(ed, "checkout", enabled=False)
    assert sdk.get("/sdk/config", headers={"If-None-Match": '"2"'}).status_code == 200


ACCEPTS = {
    "gzip": True,
    "br, GZIP;q=0.5": True,
    "gzip ; q=1": True,
    "gzip;q=0": False,
    "gzip;q=0.0, br": False,
    "br": False,
    "": False,
}


def test_it_is_compressed_for_those_who_accept_it(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    plain = sdk.get("/sdk/config")
    for accepts, packed in ACCEPTS.items():
        response = sdk.get("/sdk/config", headers={"Accept-Encoding": accepts})
        assert ("Content-Encoding" in response.headers) is packed, accepts
        assert (gzip.decompress(response.content) if packed else response.content) == plain.content
        assert response.headers["Vary"] == "Accept-Encoding"
        assert "private" in response.headers["Cache-Control"]


def test_a_delta_holds_what_changed_since_then_and_what_is_gone(ed: Person, sdk: APIClient) -> None:
    for key in ("one", "two", "three", "four"):
        create(ed, boolean(key))
    create_segment(ed, "vip", included=["ann"])
    config(sdk)
    change(ed, "one", enabled=False)
    change(ed, "one", rollout_percentage=5)
    ed.client().delete("/flags/two")
    ed.client().delete("/segments/vip")
    delta = config(sdk, since=6)
    assert (delta["since"], delta["revision"]) == (6, 10)
    assert delta["flags"].keys() == {"one", "two"}
    assert (delta["flags"]["one"]["enabled"], delta["flags"]["one"]["rollout_percentage"]) == (False, 5)
    assert (delta["flags"]["two"], delta["segments"]) == (None, {"vip": None})
    assert config(sdk, since=9)["segments"] == {"vip": None}


def test_a_reader_at_the_present_revision_gets_a_heartbeat(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    assert config(sdk, since=2) == {"revision": 2}


def test_whoever_cannot_be_helped_by_deltas_gets_the_whole(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    for since in (0, 99, 10**17):
        document = config(sdk, since=since)
        assert "since" not in document
        assert document["flags"].keys() == {"checkout"}


def test_when_most_flags_have_changed_the_whole_is_shorter(
    ed: Person, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_SMALL", 2)
    for key in ("one", "two", "three"):
        create(ed, boolean(key))
    config(sdk)
    change(ed, "one", enabled=False)
    change(ed, "one", enabled=True)
    assert config(sdk, since=4)["since"] == 4
    change(ed, "two", enabled=False)
    assert "since" not in config(sdk, since=4)


def test_revisions_that_are_no_longer_kept_lead_to_the_whole(
    ed: Person, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MAX_MERGED_REVISIONS", 2)
    assert limits.MAX_MERGED_REVISIONS > 2
    for key in ("one", "two", "three", "four"):
        create(ed, boolean(key))
    config(sdk)
    for percentage in (1, 2, 3):
        change(ed, "one", rollout_percentage=percentage)
        config(sdk)
    assert "since" not in config(sdk, since=5)
    assert config(sdk, since=6)["since"] == 6


def test_many_missed_revisions_are_taken_as_one_new_snapshot(
    ed: Person, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_STEPS", 2)
    create(ed, boolean())
    config(sdk)
    for percentage in (1, 2, 3):
        change(ed, "checkout", rollout_percentage=percentage)
    assert config(sdk)["flags"]["checkout"]["rollout_percentage"] == 3
    assert config(sdk, since=3)["flags"]["checkout"]["rollout_percentage"] == 3


def test_a_process_that_has_just_started_knows_the_newest_deltas(
    ed: Person, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_RECENT", 2)
    for key in ("one", "two", "three"):
        create(ed, boolean(key))
    snapshots.forget_all()
    assert config(sdk, since=2)["flags"].keys() == {"two", "three"}
    assert "since" not in config(sdk, since=1)


def test_a_restored_backup_is_noticed(ed: Person, sdk: APIClient) -> None:
    from accounts.models import Environment
    from flags.models import FlagState, Revision

    create(ed, boolean())
    change(ed, "checkout", enabled=False)
    assert config(sdk)["revision"] == 3
    Revision.objects.filter(environment__key="production", number=3).delete()
    Environment.objects.filter(key="production").update(revision=2)
    FlagState.objects.filter(environment__key="production").update(enabled=True)
    document = config(sdk)
    assert (document["revision"], document["flags"]["checkout"]["enabled"]) == (2, True)


def test_a_revision_that_is_none_is_refused(sdk: APIClient, subtests: pytest.Subtests) -> None:
    for text in ("-1", "1.5", "abc", "", "²", "%00", "9" * 5000, "1&since=2"):
        with subtests.test(text[:10]):
            assert_problem(sdk.get(f"/sdk/config?since={text}"), 400, "INVALID", "since")
    assert_problem(sdk.get("/sdk/config?sinse=1"), 400, "INVALID", "sinse")


def test_a_server_key_sees_its_own_environment_and_no_other(ed: Person, otto: Person, sdk: APIClient) -> None:
    create(ed, boolean("here"))
    create(otto, boolean("elsewhere"))
    create(ed, boolean("in-staging"), environment="staging")
    document = config(sdk)
    assert document["flags"].keys() == {"here", "in-staging"}
    assert document["flags"]["in-staging"]["enabled"] is False
