"""Tracked events where a project keeps ids only as hashes."""

from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.contexts import stored_id
from flags.models import TrackedEvent
from tests.conftest import Person
from tests.desk import Desk

pytestmark = pytest.mark.django_db


def track(sdk: APIClient, *users: str) -> None:
    events: list[dict[str, Any]] = [
        {"name": "purchase", "context_id": user, "time": "2026-11-22T10:04:00Z"} for user in users
    ]
    body = {"batch": str(uuid4()), "sdk": {"name": "python", "version": "1", "instance": "a"}, "events": events}
    assert sdk.post("/sdk/events", body).status_code == 202


def hash_ids(project: Project, hashed: bool = True) -> None:
    project.hash_context_ids = hashed
    project.save()


def test_where_ids_are_hashed_no_event_tells_one(sdk: APIClient, shop: Project) -> None:
    hash_ids(shop)
    track(sdk, "ann", "")
    hashed = stored_id("ann", salt=shop.context_salt, hashed=True)
    rows = TrackedEvent.objects.order_by("pk").values_list("context_id", "buckets")
    assert list(rows) == [(hashed, {}), ("", {})], "no flag is watched, so there is no bucket either"
    hash_ids(shop, False)
    track(sdk, "ann")
    assert TrackedEvent.objects.latest("pk").context_id == "ann"


def test_events_of_before_are_shown_as_hashes_too(sdk: APIClient, shop: Project, vi: Person) -> None:
    track(sdk, "ann-of-before")
    desk = Desk(vi)
    assert "ann-of-before" in desk.get("flags_trackedevent_changelist").content.decode()
    hash_ids(shop)
    text = desk.get("flags_trackedevent_changelist").content.decode()
    assert "ann-of-before" not in text
    assert stored_id("ann-of-before", salt=shop.context_salt, hashed=True) in text


def test_forgetting_somebody_forgets_their_events_under_either_name(
    sdk: APIClient, shop: Project, production: Environment
) -> None:
    track(sdk, "ann", "ben")
    hash_ids(shop)
    track(sdk, "ann", "ben")
    out = StringIO()
    call_command("forget_evaluations", project="shop", user_id="ann", stdout=out)
    assert out.getvalue() == "2 rows deleted\n"
    ben = {"ben", stored_id("ben", salt=shop.context_salt, hashed=True)}
    assert set(TrackedEvent.objects.values_list("context_id", flat=True)) == ben
    call_command("forget_evaluations", project="shop", stdout=out)
    assert not TrackedEvent.objects.exists()
