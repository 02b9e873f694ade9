"""Which SDKs a flag's insights list: those that are there, how far each was behind, and those that are gone."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from asgiref.sync import async_to_sync
from rest_framework.test import APIClient

from accounts.models import Environment
from flags import recording
from flags.models import EvaluationCount, Flag, ReportBatch, SdkInstance
from flags.services import forget_reports
from flags.stream.feed import Feed
from flags.stream.presence import note_connected, sdk_of
from flags.stream.subscriber import Subscriber
from flags.usage.instances import HEARD_LATELY
from flags.usage.reports import Sdk
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import set_fields
from tests.flags.test_sdk_events import batch, count, report


def insights(person: Person, flag: Flag) -> Any:
    return Desk(person).get("flags_flag_insights", flag.pk)


def reported(sdk: APIClient, instance: str, version: str, revision: int | None = None) -> None:
    who = {"name": "flagsite-python", "version": version, "instance": instance}
    who |= {} if revision is None else {"revision": revision}  # type: ignore[dict-item]  # a number among texts
    assert report(sdk, batch(counts=[count()], sdk=who)).status_code == 202


@pytest.mark.django_db
def test_sdks_are_listed_by_version_with_how_far_behind_they_are(
    sdk: APIClient, vi: Person, sale: Flag, production: Environment
) -> None:
    production.refresh_from_db()
    head = production.revision
    reported(sdk, "a", "1.0", head - 1)
    reported(sdk, "b", "1.0", head)
    reported(sdk, "c", "1.1", head)
    reported(sdk, "d", "0.9")
    page = insights(vi, sale)
    found = {each.version: (each.number, each.behind, each.most, each.silent) for each in page.context["sdks"]}
    assert found == {"1.0": (2, 1, 1, 0), "1.1": (1, 0, 0, 0), "0.9": (1, 0, 0, 1)}
    assert "1 behind, by up to 1 revision" in page.content.decode()
    assert ">just now</time>" in page.content.decode()


@pytest.mark.django_db
def test_an_instance_is_one_row_and_its_last_report_counts(sdk: APIClient) -> None:
    for version, revision in (("1.0", 1), ("1.1", 2)):
        reported(sdk, "a", version, revision)
    row = SdkInstance.objects.get()
    assert (row.version, row.revision) == ("1.1", 2)


@pytest.mark.django_db
def test_an_instance_is_forgotten_after_a_day_of_silence(sdk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    reported(sdk, "a", "1.0")
    now = clock.now()
    for hours, left in ((23, 1), (25, 0)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: now + timedelta(hours=hours))
        forget_reports(older_than=timedelta(days=90))
        assert SdkInstance.objects.count() == left


@pytest.mark.django_db
@pytest.mark.parametrize("who", [{"revision": -1}, {"revision": "7"}, {"version": "1\x00"}])
def test_what_no_row_can_hold_is_refused(sdk: APIClient, who: dict[str, Any]) -> None:
    sent = {"name": "flagsite-python", "version": "1.0", "instance": "a", **who}
    assert report(sdk, batch(counts=[count()], sdk=sent)).status_code == 400
    assert not SdkInstance.objects.exists()
    assert not ReportBatch.objects.exists()


@pytest.mark.django_db
def test_the_code_of_an_error_is_counted_apart(sdk: APIClient) -> None:
    failed = {"variation": None, "reason": "ERROR"}
    counts = [
        count(**failed, error_code="FLAG_NOT_FOUND"),
        count(**failed, error_code="INVALID_CONTEXT"),
        count(**failed),
    ]
    report(sdk, batch(counts=counts))
    assert set(EvaluationCount.objects.values_list("error_code", flat=True)) == {
        "FLAG_NOT_FOUND",
        "INVALID_CONTEXT",
        "",
    }


# --- SDKs on the stream ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({b"user-agent": b"flagsite-python/0.1.0", b"flagsite-instance": b"a"}, ("flagsite-python", "0.1.0", "a")),
        ({b"user-agent": b"curl", b"flagsite-instance": b"a"}, ("curl", "", "a")),
        ({b"user-agent": b"flagsite-python/0.1.0"}, None),
        ({b"flagsite-instance": b"a" * 65}, None),
        ({b"user-agent": b"x" * 65 + b"/1", b"flagsite-instance": b"a"}, None),
        ({}, None),
    ],
)
def test_a_handshake_may_say_which_sdk_it_is(headers: dict[bytes, bytes], said: tuple[str, str, str] | None) -> None:
    found = sdk_of(headers)
    assert (found and (found.name, found.version, found.instance)) == said


@pytest.mark.django_db(transaction=True)
def test_who_is_connected_is_noted_with_what_they_were_sent(vi: Person, sale: Flag, production: Environment) -> None:
    async def note(*connected: tuple[int, str | None]) -> None:
        feed = Feed(production, snapshots=Mock())
        await note_connected([subscriber(feed, revision, instance) for revision, instance in connected])

    def subscriber(feed: Feed, revision: int, instance: str | None) -> Subscriber:
        sdk = Sdk(name="p", version="1", instance=instance) if instance else None
        return Subscriber(feed, revision=revision, key_id="k", line=Mock(), sdk=sdk)

    async_to_sync(note)((1, "b"), (2, "a"), (2, "a"), (3, None))
    assert set(SdkInstance.objects.values_list("instance", "revision")) == {("a", 2), ("b", 1)}
    async_to_sync(note)((3, "b"))
    assert set(SdkInstance.objects.values_list("instance", "revision")) == {("a", 2), ("b", 3)}
    assert [(each.number, each.behind) for each in insights(vi, sale).context["sdks"]] == [(2, _behind(production))]


def _behind(production: Environment) -> int:
    production.refresh_from_db()
    return sum(revision < production.revision for revision in (2, 3))


# --- SDKs that are there, and that are not -----------------------------------------------------------------------


def listed(vi: Person, sale: Flag) -> dict[str, tuple[int, int, int, int]]:
    """By version: how many are there, how many of them are behind, by how much, and how many are gone."""
    found = insights(vi, sale).context["sdks"]
    return {each.version: (each.number, each.behind, each.most, each.gone) for each in found}


@pytest.mark.django_db
def test_who_was_not_heard_of_lately_is_gone_and_lacks_nothing(
    sdk: APIClient, vi: Person, sale: Flag, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    production.refresh_from_db()
    began = clock.now()
    for instance in ("script", "pod", "served"):
        reported(sdk, instance, "1.0", production.revision)
    for percentage in (10, 20, 30):
        set_fields(sale, production, rollout_percentage=percentage)
    production.refresh_from_db()
    monkeypatch.setattr(clock, "now", lambda: began + HEARD_LATELY + timedelta(seconds=90))
    reported(sdk, "served", "1.0", production.revision)
    reported(sdk, "stuck", "1.1", production.revision - 3)
    assert listed(vi, sale) == {"1.0": (1, 0, 0, 2), "1.1": (1, 1, 3, 0)}
    page = insights(vi, sale).content.decode()
    assert "2, last heard of <time" in page
    assert "3\xa0minutes ago</time>" in page


@pytest.mark.django_db
def test_who_has_not_been_heard_of_since_a_change_was_not_behind_by_it(
    sdk: APIClient, vi: Person, sale: Flag, production: Environment
) -> None:
    production.refresh_from_db()
    reported(sdk, "a", "1.0", production.revision)
    set_fields(sale, production, rollout_percentage=10)
    assert listed(vi, sale) == {"1.0": (1, 0, 0, 0)}
    production.refresh_from_db()
    reported(sdk, "a", "1.0", production.revision - 1)
    assert listed(vi, sale) == {"1.0": (1, 1, 1, 0)}


@pytest.mark.django_db
def test_who_polls_and_has_nothing_to_report_is_there(
    sdk: APIClient, vi: Person, sale: Flag, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poll() -> None:
        who = {"User-Agent": "flagsite-python/1.0", "Flagsite-Instance": "idle"}
        assert sdk.get("/sdk/config", headers=who).status_code == 200
        recording.flush()

    began = clock.now()
    poll()
    assert listed(vi, sale) == {"1.0": (1, 0, 0, 0)}
    monkeypatch.setattr(clock, "now", lambda: began + timedelta(hours=1))
    assert listed(vi, sale) == {"1.0": (0, 0, 0, 1)}
    poll()
    assert listed(vi, sale) == {"1.0": (1, 0, 0, 0)}
    assert sdk.get("/sdk/config").status_code == 200  # a client that does not say who it is
