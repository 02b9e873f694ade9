"""People and projects in the admin."""

from collections.abc import Callable

import pytest
from auditlog.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm
from pytest_django import DjangoAssertNumQueries

from accounts.models import Project, User
from accounts.permissions import role_of
from accounts.roles import ABILITIES, IN_WORDS, Role
from accounts.services import create_project, grant_role
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in, form_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

PASSWORD = "a long and winding road"


def last_entry() -> LogEntry:
    entry: LogEntry = LogEntry.objects.latest("pk")
    return entry


def signs_in(name: str, password: str) -> bool:
    answer = Client().post("/admin/login/?next=/admin/", {"username": name, "password": password})
    return answer.status_code == 302


def test_a_superuser_creates_a_person_who_can_sign_in(sam: Person) -> None:
    answer = Desk(sam).add("accounts_user", username="zoe", password1=PASSWORD, password2=PASSWORD)
    assert answer.status_code == 302
    zoe = User.objects.get(username="zoe")
    assert (zoe.is_staff, zoe.is_superuser) == (True, False)
    entry = last_entry()
    assert (entry.additional_data["actor"], entry.additional_data["source"]) == ("sam", "admin")
    assert entry.remote_addr == "127.0.0.1"
    assert signs_in("zoe", PASSWORD)


def test_a_weak_password_and_a_taken_name_are_refused(sam: Person, vi: Person) -> None:
    desk = Desk(sam)
    with nothing_changes():
        assert "password2" in errors_in(desk.add("accounts_user", username="zoe", password1="12345", password2="12345"))
        assert "username" in errors_in(desk.add("accounts_user", username="vi", password1=PASSWORD, password2=PASSWORD))


def test_a_superuser_changes_what_is_known_of_a_person(sam: Person, vi: Person) -> None:
    assert Desk(sam).save(vi.user, first_name="Violet", is_active="").status_code == 302
    vi.user.refresh_from_db()
    assert (vi.user.first_name, vi.user.is_active) == ("Violet", False)
    assert last_entry().changes == {"first_name": ["", "Violet"], "is_active": [True, False]}


def test_nobody_shuts_themselves_out(sam: Person) -> None:
    desk = Desk(sam)
    with nothing_changes():
        assert "is_superuser" in errors_in(desk.save(sam.user, is_superuser=""))


def test_a_project_admin_lets_somebody_in(ada: Person, nina: Person, shop: Project) -> None:
    assert Desk(ada).save(shop, person="nina", role="editor").status_code == 302
    assert role_of(nina.user, shop) is Role.EDITOR
    assert last_entry().changes == {"role": [None, "editor"]}


def test_letting_in_takes_a_person_and_a_role(ada: Person, nina: Person, shop: Project) -> None:
    desk = Desk(ada)
    with nothing_changes():
        assert "person" in errors_in(desk.save(shop, person="nobody", role="viewer"))
        assert "role" in errors_in(desk.save(shop, person="nina", role=""))
        assert "person" in errors_in(desk.save(shop, person="", role="viewer"))


def test_a_project_admin_changes_and_withdraws_roles_but_nothing_else(ada: Person, vi: Person, shop: Project) -> None:
    desk, field = Desk(ada), f"role_{shop.pk}"
    assert desk.save(vi.user, **{field: "admin"}, is_superuser="on", username="boss").status_code == 302
    vi.user.refresh_from_db()
    assert (vi.user.username, vi.user.is_superuser, role_of(vi.user, shop)) == ("vi", False, Role.ADMIN)
    assert desk.save(vi.user, **{field: ""}).status_code == 302
    assert role_of(vi.user, shop) is None


def test_roles_in_other_projects_are_neither_shown_nor_changed(ada: Person, vi: Person, shop: Project) -> None:
    other = create_project(key="elsewhere", name="Elsewhere", by=SYSTEM)
    grant_role(user=vi.user, role=Role.EDITOR, project=other, by=SYSTEM)
    desk = Desk(ada)
    assert f"role_{other.pk}" not in form_in(desk.open(vi.user)).fields
    with nothing_changes():
        desk.save(vi.user, **{f"role_{other.pk}": "admin"})
    assert "Elsewhere" not in desk.open(vi.user).content.decode()


def test_saving_a_person_untouched_writes_nothing(sam: Person, vi: Person) -> None:
    desk = Desk(sam)
    with nothing_changes():
        assert desk.save(vi.user).status_code == 302


def test_a_viewer_sees_whom_they_work_with_and_their_roles(vi: Person, ed: Person, nina: Person) -> None:
    desk = Desk(vi)
    assert {user.username for user in desk.rows("accounts_user")} == {"vi", "ed"}
    assert "Shop · editor" in desk.open(ed.user).content.decode()


def test_a_superuser_sets_somebody_s_password(sam: Person, vi: Person) -> None:
    answer = Desk(sam).post("accounts_user_password", vi.user.pk, password1=PASSWORD, password2=PASSWORD)
    assert answer.status_code == 302
    entry = last_entry()
    assert (entry.object_repr, entry.changes) == ("vi", {"password": ["kept", "set"]})
    assert signs_in("vi", PASSWORD)


def test_passwords_of_others_are_out_of_a_project_admin_s_reach(ada: Person, vi: Person) -> None:
    desk = Desk(ada)
    with nothing_changes():
        assert desk.get("accounts_user_password", vi.user.pk).status_code == 403
        answer = desk.post("accounts_user_password", vi.user.pk, password1=PASSWORD, password2=PASSWORD)
        assert answer.status_code == 403


def test_one_s_own_password_is_changed_by_the_service_too(vi: Person) -> None:
    desk = Desk(vi)
    assert desk.get("accounts_user_password", vi.user.pk).headers["Location"] == "/admin/password_change/"
    data = {"old_password": "correct horse battery", "new_password1": PASSWORD, "new_password2": PASSWORD}
    assert desk.post("password_change", **data).status_code == 302
    assert desk.get("index").status_code == 200, "still signed in"
    assert last_entry().additional_data == {"actor": "vi", "source": "admin"}
    assert desk.post("password_change", **data).status_code == 200, "the old password is another one now"


def test_a_superuser_creates_a_project_and_administers_it(sam: Person) -> None:
    desk = Desk(sam)
    assert desk.add("accounts_project", key="blog", name="Blog").status_code == 302
    project = Project.objects.get(key="blog")
    assert last_entry().additional_data["project"] == "blog"
    with nothing_changes():
        assert "key" in errors_in(desk.add("accounts_project", key="blog", name="Again"))
        assert "key" in errors_in(desk.add("accounts_project", key="Not a key", name="Again"))
    assert desk.save(project, name="Our blog", key="changed").status_code == 302
    project.refresh_from_db()
    assert (project.key, project.name) == ("blog", "Our blog")


def test_a_person_gets_no_name_that_another_has(sam: Person, vi: Person, ed: Person) -> None:
    desk = Desk(sam)
    with nothing_changes():
        assert "username" in errors_in(desk.save(vi.user, username="ed"))


# --- the list, and roles that come through groups ------------------------------------------------------------------


@pytest.fixture
def developers(shop: Project, nina: Person) -> Group:
    """A group, kept by whoever runs the installation, that edits the shop; Nina is in it."""
    group = Group.objects.create(name="Developers")
    for ability in ABILITIES[Role.EDITOR]:
        assign_perm(ability.value, group, shop)
    nina.user.groups.add(group)
    return group


def test_the_list_says_who_has_which_role_and_which_comes_through_a_group(
    ada: Person, vi: Person, developers: Group
) -> None:
    desk = Desk(ada)
    assert {user.username for user in desk.rows("accounts_user")} == {"ada", "vi", "nina"}
    page = desk.get("accounts_user_changelist").content.decode()
    for words in ("Shop · admin", "Shop · viewer", "Shop · editor (through the group Developers)"):
        assert words in page


def test_roles_in_projects_that_one_does_not_see_are_not_in_the_list(ada: Person, vi: Person) -> None:
    other = create_project(key="elsewhere", name="Elsewhere", by=SYSTEM)
    grant_role(user=vi.user, role=Role.EDITOR, project=other, by=SYSTEM)
    assert "Elsewhere" not in Desk(ada).get("accounts_user_changelist").content.decode()


def test_the_list_is_narrowed_to_a_project(sam: Person, otto: Person, vi: Person, developers: Group) -> None:
    rows = Desk(sam).rows("accounts_user", project="shop")
    assert {user.username for user in rows} == {"vi", "nina"}


def test_a_role_through_a_group_is_shown_where_roles_are_changed_and_stays(
    ada: Person, nina: Person, shop: Project, developers: Group
) -> None:
    desk = Desk(ada)
    page = desk.open(nina.user).content.decode()
    assert "Beside this: editor (through the group Developers)" in page
    with nothing_changes():
        assert desk.save(nina.user).status_code == 302
    assert desk.save(nina.user, **{f"role_{shop.pk}": "admin"}).status_code == 302
    assert role_of(nina.user, shop) is Role.ADMIN
    assert desk.save(nina.user, **{f"role_{shop.pk}": ""}).status_code == 302
    assert role_of(nina.user, shop) is Role.EDITOR


def test_the_project_s_page_names_the_people_of_its_groups(ada: Person, shop: Project, developers: Group) -> None:
    assert "editor (through the group Developers)" in Desk(ada).open(shop).content.decode()


def test_what_a_role_may_do_stands_on_the_page_in_plain_words(ada: Person, vi: Person) -> None:
    page = Desk(ada).open(vi.user).content.decode()
    for words in ("What a role may do", *IN_WORDS.values()):
        assert words in page


def test_the_list_takes_no_more_queries_for_more_people(
    sam: Person,
    shop: Project,
    developers: Group,
    make_person: Callable[..., Person],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    desk = Desk(sam)
    with CaptureQueriesContext(connection) as few:
        desk.get("accounts_user_changelist")
    for number in range(20):
        person = make_person(f"person-{number}", role=Role.VIEWER, project=shop)
        person.user.groups.add(developers)
    with django_assert_max_num_queries(len(few)):
        assert len(desk.rows("accounts_user")) == 22
