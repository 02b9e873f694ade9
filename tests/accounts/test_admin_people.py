"""People and projects in the admin."""

import pytest
from auditlog.models import LogEntry
from django.test import Client

from accounts.models import Project, User
from accounts.permissions import role_of
from accounts.roles import Role
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
