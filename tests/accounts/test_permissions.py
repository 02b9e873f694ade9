"""What a role allows, wherever it comes from, and what asking costs."""

import pytest
from django.contrib.auth.models import Group, Permission
from pytest_django import DjangoAssertNumQueries

from accounts.errors import MissingRole, ProjectNotFound
from accounts.models import Project, ProjectGroupPermission, User
from accounts.permissions import abilities_of, require, role_of
from accounts.querysets import projects_of
from accounts.roles import ABILITIES, IN_WORDS, Ability, Role, role_with
from accounts.services import grant_role, withdraw_role
from tests.conftest import SYSTEM, Person
from tests.tables import nothing_changes


def test_each_role_may_do_what_the_one_below_may_and_more() -> None:
    assert ABILITIES[Role.VIEWER] < ABILITIES[Role.EDITOR] < ABILITIES[Role.ADMIN] == frozenset(Ability)
    assert IN_WORDS.keys() == set(Ability)


def test_the_strongest_role_that_is_wholly_held_counts() -> None:
    assert role_with(frozenset()) is None
    assert role_with(frozenset({Ability.EDIT})) is None
    assert role_with(frozenset({Ability.VIEW, Ability.MANAGE})) is Role.VIEWER
    assert role_with(frozenset(Ability)) is Role.ADMIN


@pytest.mark.django_db
def test_a_person_has_one_role_in_a_project_at_a_time(nina: Person, shop: Project) -> None:
    for role in (Role.ADMIN, Role.VIEWER, Role.EDITOR):
        grant_role(user=nina.user, role=role, project=shop, by=SYSTEM)
        assert role_of(nina.user, shop) is role
    withdraw_role(user=nina.user, project=shop, by=SYSTEM)
    assert role_of(nina.user, shop) is None
    assert nina.client().get("/flags").status_code == 404


def grant_to_group(user: User, project: Project, *abilities: Ability) -> Group:
    group = Group.objects.create(name="team")
    user.groups.add(group)
    for ability in abilities:
        permission = Permission.objects.get(codename=ability.value, content_type__app_label="accounts")
        ProjectGroupPermission.objects.create(group=group, permission=permission, content_object=project)
    return group


@pytest.mark.django_db
def test_a_group_s_role_is_its_members(nina: Person, shop: Project) -> None:
    group = grant_to_group(nina.user, shop, Ability.VIEW, Ability.EDIT)
    assert role_of(nina.user, shop) is Role.EDITOR
    assert nina.client().post("/flags", {"key": "a", "type": "boolean"}).status_code == 201
    nina.user.groups.remove(group)
    assert nina.client().get("/flags").status_code == 404


@pytest.mark.django_db
def test_abilities_of_a_person_and_their_groups_add_up(vi: Person, shop: Project) -> None:
    grant_to_group(vi.user, shop, Ability.EDIT)
    assert role_of(vi.user, shop) is Role.EDITOR


@pytest.mark.django_db
def test_a_role_in_one_project_is_none_in_another(ed: Person, otto: Person, shop: Project) -> None:
    theirs = Project.objects.get(key="elsewhere")
    assert role_of(ed.user, theirs) is None
    with pytest.raises(ProjectNotFound):
        require(ed.actor, Ability.VIEW, theirs)
    assert list(projects_of(otto.user)) == [theirs]


@pytest.mark.django_db
def test_whoever_sees_a_project_is_told_what_is_missing(vi: Person, shop: Project) -> None:
    with pytest.raises(MissingRole, match="vi may not create, change and delete flags"):
        require(vi.actor, Ability.EDIT, shop)
    with pytest.raises(MissingRole, match="manage"):
        require(vi.actor, Ability.MANAGE, shop)


@pytest.mark.django_db
def test_a_superuser_may_do_everything_and_an_inactive_one_nothing(sam: Person, shop: Project) -> None:
    assert abilities_of(sam.user, shop) == frozenset(Ability)
    sam.user.is_active = False
    assert abilities_of(sam.user, shop) == frozenset()
    assert not projects_of(sam.user)


@pytest.mark.django_db
def test_only_admins_give_and_take_roles(ada: Person, ed: Person, nina: Person, otto: Person, shop: Project) -> None:
    grant_role(user=nina.user, role=Role.VIEWER, project=shop, by=ada.actor)
    with nothing_changes():
        for actor, refusal in ((ed.actor, MissingRole), (nina.actor, MissingRole), (otto.actor, ProjectNotFound)):
            with pytest.raises(refusal):
                grant_role(user=nina.user, role=Role.ADMIN, project=shop, by=actor)
            with pytest.raises(refusal):
                withdraw_role(user=ada.user, project=shop, by=actor)


@pytest.mark.django_db
def test_a_permission_costs_two_queries_at_most(
    ed: Person, sam: Person, shop: Project, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        abilities_of(ed.user, shop)
    with django_assert_num_queries(0):
        abilities_of(sam.user, shop)
