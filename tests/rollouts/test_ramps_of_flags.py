"""A flag that is deleted ends its ramps on record, and a review says what becomes of them before."""

import json

import pytest
from auditlog.models import LogEntry

from accounts.models import Project
from rollouts.models import Delivery, Ramp
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, Json, boolean, create
from tests.rollouts.conftest import Clock, Start, step
from tests.rollouts.occurrences import hook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ramp(ed: Person, time: Clock, start: Start, shop: Project) -> Json:
    create(ed, boolean(rollout_percentage=0))
    hook(shop, "https://example.com/hook")
    return start(step(10), step(50, after="1h"))


def warnings(person: Person, edit: Json) -> list[str]:
    """Return what the review of an edit warns of in production."""
    proposed = person.client().post("/change-requests", {"title": "Sale", "edits": [edit]})
    assert proposed.status_code == 201, proposed.content
    found = person.client().get(f"/change-requests/{proposed.json()['id']}/effects")
    assert found.status_code == 200, found.content
    (production,) = (each for each in found.json()["effects"] if each["environment"] == "production")
    return [f"{each['says']} {each['proof']}" for each in production["warnings"]]


def edit(**fields: object) -> Json:
    return {"flag": "checkout", "environment": "production", "set": fields}


def test_a_deleted_flag_ends_its_ramp_and_that_is_told_and_on_record(ed: Person, ramp: Json) -> None:
    assert ed.client().delete(f"/flags/checkout{PRODUCTION}&comment=Done+with+it").status_code == 204
    assert not Ramp.objects.exists()
    body = json.loads(Delivery.objects.get(kind="ramp.stopped").body)["data"]
    assert (body["text"], body["to_percentage"], body["actor"]) == ("Stopped at 10 %: the flag was deleted", 10, "ed")
    entry = LogEntry.objects.filter(content_type__model="ramp", object_pk=str(ramp["id"])).latest("pk")
    assert entry.changes["status"] == ["running", "stopped"]
    assert entry.changes["reason"][1] == "Done with it"


def test_a_flag_that_cannot_be_deleted_keeps_its_ramp(ed: Person) -> None:
    create(ed, boolean("banner", prerequisites=[{"flag": "checkout", "variation": "on"}]))
    assert ed.client().delete(f"/flags/checkout{PRODUCTION}").status_code == 409
    assert Ramp.objects.get().status == "running"
    assert not Delivery.objects.filter(kind="ramp.stopped").exists()


def test_the_review_of_a_deletion_says_that_the_ramp_ends(ed: Person) -> None:
    stands = "The ramp of ed is running, at step 1 of 2. Whoever hears of ramps is told."
    assert f"Its ramp ends with it. {stands}" in warnings(ed, {"flag": "checkout", "delete": True})
    assert Ramp.objects.get().status == "running"
    assert not Delivery.objects.filter(kind="ramp.stopped").exists()


def test_the_review_of_a_change_says_when_it_pauses_the_ramp(ed: Person) -> None:
    (told,) = warnings(ed, edit(rollout_percentage=90))
    assert told.startswith("A ramp is running here, and this change pauses it. The ramp of ed is running, at step 1")
    rules = [{"name": "US", "if": {"attribute": "country", "operator": "equals", "value": "US"}}]
    harmless = warnings(ed, edit(rules=[{**rules[0], "serve": {"variation": "on"}}]))
    assert not [each for each in harmless if "ramp" in each]
