"""Making and changing people, projects, environments and keys: what is refused, what is logged."""

from datetime import UTC, datetime
from functools import partial

import pytest
from auditlog.models import LogEntry

from accounts.errors import EnvironmentNotFound, KeyTaken, MissingRole
from accounts.models import Environment, Project
from accounts.permissions import role_of
from accounts.querysets import environment_named
from accounts.roles import Role
from accounts.services import (
    create_environment,
    create_project,
    create_user,
    grant_role,
    issue_api_token,
    issue_server_key,
    revoke_key,
    update_environment,
    update_project,
    withdraw_role,
)
from flagsite.lib.problems import InvalidInput
from tests.conftest import SYSTEM, Person
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def logged() -> LogEntry:
    entry = LogEntry.objects.order_by("pk").last()
    assert entry
    return entry


def test_the_creator_of_a_project_is_its_admin(sam: Person) -> None:
    project = create_project(key="new", name="New", by=sam.actor, description="For tests.")
    assert str(project) == "New"
    sam.user.is_superuser = False
    assert role_of(sam.user, project) is Role.ADMIN


def test_environments_stand_in_the_order_in_which_they_were_made(shop: Project) -> None:
    create_environment(project=shop, key="a-last-one", name="Last", by=SYSTEM)
    assert [each.key for each in shop.environments.all()] == ["development", "staging", "production", "a-last-one"]
    with pytest.raises(EnvironmentNotFound, match="it has: development, staging, production, a-last-one"):
        environment_named("moon", project=shop)


def test_what_changes_is_logged_with_old_and_new_values(ada: Person, shop: Project, production: Environment) -> None:
    update_project(shop, by=ada.actor, name="Shoppe", description="")
    assert logged().changes == {"name": ["Shop", "Shoppe"]}
    update_environment(production, by=ada.actor, name="Live", position=0, is_protected=False, requires_approval=False)
    assert logged().changes == {"name": ["Production", "Live"], "position": [2, 0]}
    assert (logged().actor, logged().additional_data["source"]) == (ada.user, "api")
    grant_role(user=ada.user, role=Role.VIEWER, project=shop, by=ada.actor)
    assert logged().changes == {"role": ["admin", "viewer"]}


def test_a_role_that_is_held_already_is_granted_without_an_entry(shop: Project, ed: Person, sam: Person) -> None:
    grant_role(user=sam.user, role=Role.VIEWER, project=shop, by=SYSTEM)
    with nothing_changes():
        grant_role(user=ed.user, role=Role.EDITOR, project=shop, by=SYSTEM)
        grant_role(user=sam.user, role=Role.VIEWER, project=shop, by=SYSTEM)
    withdraw_role(user=ed.user, project=shop, by=SYSTEM)
    with nothing_changes():
        withdraw_role(user=ed.user, project=shop, by=SYSTEM)


def test_no_secret_is_ever_logged(ada: Person, production: Environment) -> None:
    create_user(username="new", password="hunter2hunter2", by=SYSTEM)
    key, server = issue_server_key(environment=production, name="k", by=ada.actor)
    token, api = issue_api_token(user=ada.user, name="t", by=ada.actor)
    revoke_key(key, by=ada.actor)
    revoke_key(token, by=ada.actor)
    log = " ".join(f"{e.changes} {e.additional_data} {e.object_repr}" for e in LogEntry.objects.all())
    for secret in (server.secret, server.digest, api.secret, api.digest, "hunter2", "md5$", "pbkdf2"):
        assert secret not in log
    assert "revoked_at" in log


def test_revoking_twice_changes_nothing(production: Environment) -> None:
    key, _ = issue_server_key(environment=production, name="k", by=SYSTEM)
    revoke_key(key, by=SYSTEM)
    with nothing_changes():
        revoke_key(key, by=SYSTEM)


def test_what_is_taken_or_malformed_is_refused(ed: Person, shop: Project) -> None:
    with nothing_changes():
        for taken in (
            partial(create_project, key="shop", name=""),
            partial(create_environment, project=shop, key="staging", name=""),
            partial(create_user, username="ed", password="x"),
        ):
            with pytest.raises(KeyTaken):
                taken(by=SYSTEM)
        for malformed in (
            partial(create_project, key="Shop 2", name=""),
            partial(create_environment, project=shop, key="", name=""),
        ):
            with pytest.raises(InvalidInput):
                malformed(by=SYSTEM)


def test_an_editor_manages_nothing(ed: Person, shop: Project, production: Environment) -> None:
    key, _ = issue_server_key(environment=production, name="k", by=SYSTEM)
    with nothing_changes():
        for not_theirs in (
            partial(create_project, key="new", name=""),
            partial(create_user, username="new", password="x"),
            partial(create_environment, project=shop, key="new", name=""),
            partial(update_project, shop, name="X", description=""),
            partial(update_environment, production, name="X", position=0, is_protected=False, requires_approval=False),
            partial(issue_server_key, environment=production, name="k"),
            partial(revoke_key, key),
        ):
            with pytest.raises(MissingRole):
                not_theirs(by=ed.actor)


def test_tokens_are_made_and_revoked_by_their_people_and_superusers(ada: Person, ed: Person, sam: Person) -> None:
    token, _ = issue_api_token(user=ed.user, name="t", by=sam.actor, expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    with nothing_changes():
        with pytest.raises(MissingRole):
            issue_api_token(user=ed.user, name="t", by=ada.actor)
        with pytest.raises(MissingRole):
            revoke_key(token, by=ada.actor)
    revoke_key(token, by=ed.actor)
