"""Change requests by their services: proposed, published as reviewed, at a set time, taken back."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from accounts.actors import Actor, Source
from accounts.errors import MissingRole
from accounts.models import Environment, Project
from flags.editing.edits import Edit, FlagDeletion, FlagEdit, SegmentEdit
from flags.errors import NothingChanges, NotPending
from flags.models import ChangeRequest, Concern, Flag, Revision
from flags.services import (
    propose,
    publish_change_request,
    publish_due,
    rehearse,
    revise,
    schedule_change_request,
    withdraw,
)
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, StaleVersion
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.flags.builders import equals, heads, make, rule, set_fields, state_of

OFF = {"enabled": False}


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout")


def edit_of(flag: Flag, environment: Environment, **fields: object) -> FlagEdit:
    """The edit of one environment's state, made on what is there now."""
    version = state_of(flag, environment).version
    return FlagEdit(flag.key, states={environment.key: fields}, versions={environment.key: version})


def proposed(person: Person, project: Project, *edits: Edit) -> ChangeRequest:
    return propose(project=project, edits=edits, by=person.actor)


def test_a_proposal_changes_nothing_and_says_what_it_would_change(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    before = heads(shop)
    edits = [edit_of(checkout, production, enabled=False)]
    proposed(ed, shop, *edits)
    (entry,) = rehearse(project=shop, edits=edits, by=ed.actor).entries
    assert (entry.item.environment, entry.sentences) == (production, ["Turned off."])
    assert heads(shop) == before
    assert state_of(checkout, production).enabled


def test_publishing_does_what_was_reviewed_in_the_publisher_s_name(
    ed: Person, ada: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    publish_change_request(request, by=ada.actor, version=1, comment="Too slow")
    request.refresh_from_db()
    revision = Revision.objects.get(change_request=request)
    assert (revision.actor_label, revision.comment, revision.environment) == ("ada", "Too slow", production)
    assert (request.status, state_of(checkout, production).enabled) == ("published", False)


def test_what_is_published_cannot_be_published_again(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    publish_change_request(request, by=ed.actor, version=1)
    with pytest.raises(NotPending):
        publish_change_request(request, by=ed.actor, version=1)


def test_edits_of_several_things_come_together_or_not_at_all(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    create_segment(project=shop, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    using = edit_of(checkout, production, rules=[rule({"segment": "staff"}, "off")])
    request = proposed(ed, shop, using, SegmentEdit("staff", {"included": ["a", "b"]}, 1))
    set_fields(checkout, production, rollout_percentage=5)
    with pytest.raises(StaleVersion):
        publish_change_request(request, by=ed.actor, version=1)
    assert shop.segments.get(key="staff").included == ["a"]


def test_somebody_else_s_change_in_another_environment_is_in_nobody_s_way(
    ed: Person, shop: Project, checkout: Flag, production: Environment, development: Environment
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    set_fields(checkout, development, enabled=True)
    publish_change_request(request, by=ed.actor, version=1)
    assert not state_of(checkout, production).enabled


def test_what_is_wrong_is_said_when_it_is_proposed(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    with pytest.raises(InvalidInput) as refused:
        proposed(ed, shop, edit_of(checkout, production, rules=[rule(equals("country", 5, ignore_case=3))]))
    assert refused.value.errors[0].path.startswith("states[production].rules[0].if")
    assert ChangeRequest.objects.count() == 0


def test_what_changes_nothing_is_no_change_request(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    with pytest.raises(NothingChanges):
        proposed(ed, shop, edit_of(checkout, production, enabled=True))


def test_a_viewer_proposes_nothing_and_publishes_nothing(
    ed: Person, vi: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    with pytest.raises(MissingRole):
        proposed(vi, shop, edit_of(checkout, production, enabled=False))
    with pytest.raises(MissingRole):
        publish_change_request(request, by=vi.actor, version=1)
    with pytest.raises(MissingRole):
        withdraw(request, by=vi.actor)


def test_a_change_of_what_people_read_only_is_reviewed_too(ed: Person, shop: Project, checkout: Flag) -> None:
    versions = {state.environment.key: state.version for state in checkout.states.all()}
    edits = [FlagEdit("checkout", {"name": "The till", "tags": ["web"]}, {}, versions)]
    difference = rehearse(project=shop, edits=edits, by=ed.actor)
    assert [change.sentence for change in difference.about[0].changes] == [
        'Name none → "The till".',
        'Tag "web" added.',
    ]
    publish_change_request(proposed(ed, shop, *edits), by=ed.actor, version=1)
    checkout.refresh_from_db()
    assert (checkout.name, checkout.tag_names()) == ("The till", ["web"])


def test_a_deletion_is_reviewed_and_published_like_any_change(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    versions = {state.environment.key: state.version for state in checkout.states.all()}
    request = proposed(ed, shop, FlagDeletion("checkout", versions))
    publish_change_request(request, by=ed.actor, version=1)
    assert not Flag.objects.filter(key="checkout").exists()


def test_a_revised_request_is_another_version(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    revise(request, edits=[edit_of(checkout, production, rollout_percentage=10)], by=ed.actor, version=1)
    with pytest.raises(StaleVersion):
        publish_change_request(request, by=ed.actor, version=1)
    publish_change_request(request, by=ed.actor, version=2)
    assert (state_of(checkout, production).enabled, state_of(checkout, production).rollout_percentage) == (
        True,
        Decimal(10),
    )


def test_a_scheduled_change_is_published_when_its_moment_has_come_and_not_before(
    ed: Person, shop: Project, checkout: Flag, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    at = clock.now() + timedelta(hours=1)
    schedule_change_request(request, by=ed.actor, version=1, at=at, comment="At night")
    assert publish_due() == 0
    monkeypatch.setattr(clock, "now", lambda: at)
    assert publish_due() == 1
    assert publish_due() == 0
    revision = Revision.objects.get(change_request=request)
    assert (revision.actor_label, revision.source, revision.comment) == ("ed", Source.SCHEDULE, "At night")


def test_a_scheduled_change_that_no_longer_fits_fails_with_its_reason(
    ed: Person, shop: Project, checkout: Flag, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    at = clock.now() + timedelta(hours=1)
    schedule_change_request(request, by=ed.actor, version=1, at=at)
    set_fields(checkout, production, rollout_percentage=5)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert publish_due() == 0
    request.refresh_from_db()
    assert (request.status, "production" in request.failure) == ("failed", True)
    assert state_of(checkout, production).enabled


def test_whoever_lost_their_role_publishes_nothing_by_schedule(
    ed: Person, shop: Project, checkout: Flag, production: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    at = clock.now() + timedelta(hours=1)
    schedule_change_request(request, by=ed.actor, version=1, at=at)
    ed.user.is_active = False
    ed.user.save()
    monkeypatch.setattr(clock, "now", lambda: at)
    assert publish_due() == 0
    assert ChangeRequest.objects.get(pk=request.pk).status == "failed"


def test_nothing_is_scheduled_for_the_past(ed: Person, shop: Project, checkout: Flag, production: Environment) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    with pytest.raises(InvalidInput):
        schedule_change_request(request, by=ed.actor, version=1, at=clock.now())


def test_what_was_withdrawn_is_not_published(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    request = proposed(ed, shop, edit_of(checkout, production, enabled=False))
    withdraw(request, by=ed.actor)
    with pytest.raises(NotPending):
        publish_change_request(request, by=ed.actor, version=1)


def test_the_installation_itself_may_publish(shop: Project, checkout: Flag, production: Environment) -> None:
    system = Actor.system("nightly")
    request = propose(project=shop, edits=[edit_of(checkout, production, enabled=False)], by=system)
    publish_change_request(request, by=system, version=1)
    assert not state_of(checkout, production).enabled


def test_the_migration_notes_of_older_requests_what_newer_ones_note_by_themselves(
    ed: Person, shop: Project, checkout: Flag, production: Environment
) -> None:
    create_segment(project=shop, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    versions = {state.environment.key: state.version for state in checkout.states.all()}
    for edit in (
        edit_of(checkout, production, enabled=False),
        FlagEdit("checkout", {"name": "Till"}, {"production": {"enabled": False}}, versions),
        FlagDeletion("checkout", versions),
        SegmentEdit("staff", {"included": ["b"]}, 1),
    ):
        proposed(ed, shop, edit)
    named = ("change_request", "kind", "key", "environment")
    noted = set(Concern.objects.values_list(*named))
    Concern.objects.all().delete()
    migration = import_module("flags.migrations.0008_note_what_change_requests_are_about")
    migration.note(apps, SimpleNamespace(connection=connection))
    assert set(Concern.objects.values_list(*named)) == noted
    assert len(noted) == 1 + 3 + 3 + 3
