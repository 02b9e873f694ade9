"""What an upload makes of a list, and what the audit log keeps of it."""

from typing import Any

import orjson
import pytest
from auditlog.models import LogEntry
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Project
from segments.id_lists import MAX_AUDITED_IDS, Found, Mode, change_of, search
from segments.services import create_segment, delete_segment, update_segment
from tests.conftest import SYSTEM

IDS = st.lists(st.sampled_from("abcdefghij"), unique=True)
MANY = [f"user-{n}" for n in range(10_000)]


@given(IDS, IDS, st.sampled_from(Mode))
def test_a_change_is_what_sets_say_and_everybody_is_counted(listed: list[str], sent: list[str], mode: Mode) -> None:
    change = change_of(listed, sent, mode)
    wanted = {Mode.ADD: {*listed, *sent}, Mode.REMOVE: {*listed} - {*sent}, Mode.REPLACE: {*sent}}[mode]
    assert set(change.result) == wanted
    assert len(change.result) == len(wanted)
    assert set(change.added) == wanted - {*listed}
    assert set(change.removed) == {*listed} - wanted
    changed = change.removed if mode is Mode.REMOVE else change.added
    assert change.untouched == len(sent) - len(changed)


@given(IDS, IDS, st.sampled_from(Mode))
def test_who_stays_keeps_their_place(listed: list[str], sent: list[str], mode: Mode) -> None:
    result = change_of(listed, sent, mode).result
    stayed = [one for one in listed if one in result]
    assert result[: len(stayed)] == stayed


def test_a_search_counts_all_and_names_the_first() -> None:
    assert search(["ab", "b", "abc", "cab"], "ab", prefix=True, most=1) == Found(2, ["ab"])
    assert search(["ab", "b", "abc", "cab"], "ab", prefix=False, most=9) == Found(3, ["ab", "abc", "cab"])


@pytest.mark.django_db
def test_the_audit_log_keeps_a_long_list_as_counts_and_the_first_that_changed(shop: Project) -> None:
    create_segment(project=shop, key="many", fields={"included": MANY, "excluded": ["x"]}, by=SYSTEM)
    first = {"ids": 10_000, "added": 10_000, "first_added": MANY[:MAX_AUDITED_IDS]}
    assert _last().changes["included"] == [None, first]
    assert _last().changes["excluded"] == [None, ["x"]]
    after = [*MANY[3:], "new-1"]
    update_segment(project=shop, key="many", fields={"included": after}, by=SYSTEM)
    assert _last().changes == {
        "included": [
            {"ids": 10_000, "removed": 3, "first_removed": MANY[:3]},
            {"ids": 9_998, "added": 1, "first_added": ["new-1"]},
        ]
    }
    update_segment(project=shop, key="many", fields={"name": "Many"}, by=SYSTEM)
    assert _last().changes == {"name": ["", "Many"]}
    update_segment(project=shop, key="many", fields={"included": after[::-1]}, by=SYSTEM)
    assert "included" in _last().changes, "another order is a change too"
    delete_segment(project=shop, key="many", by=SYSTEM)
    assert _last().changes["included"][0]["removed"] == 9_998
    assert all(len(orjson.dumps(entry.changes)) < 10_000 for entry in LogEntry.objects.all())


@pytest.mark.django_db
def test_the_audit_log_keeps_a_short_list_whole(shop: Project) -> None:
    few: Any = MANY[:MAX_AUDITED_IDS]
    create_segment(project=shop, key="few", fields={"included": few}, by=SYSTEM)
    update_segment(project=shop, key="few", fields={"included": []}, by=SYSTEM)
    assert _last().changes == {"included": [few, None]}


def _last() -> Any:
    return LogEntry.objects.latest("pk")
