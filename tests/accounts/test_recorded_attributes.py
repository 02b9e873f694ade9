"""Which attributes of contexts may be kept: the project's admins say so, and it is written down who did."""

import pytest

from accounts.models import Project
from accounts.services import update_project
from flagsite.lib.problems import InvalidInput
from tests.accounts.test_admin_people import last_entry
from tests.conftest import Person
from tests.desk import Desk, errors_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


def test_an_admin_lists_attributes_one_a_line(ada: Person, shop: Project) -> None:
    assert Desk(ada).save(shop, recorded_attributes="country\n\n team.id \n").status_code == 302
    shop.refresh_from_db()
    assert shop.recorded_attributes == ["country", "team.id"]
    assert last_entry().changes == {"recorded_attributes": [[], ["country", "team.id"]]}
    assert last_entry().actor == ada.user


def test_what_is_listed_is_shown_and_stays_when_something_else_is_changed(
    ada: Person, vi: Person, shop: Project
) -> None:
    update_project(shop, by=ada.actor, name="Shop", description="", recorded_attributes=["country"])
    assert Desk(ada).shown(shop)["recorded_attributes"] == "country"
    assert Desk(ada).save(shop, name="Shoppe").status_code == 302
    update_project(shop, by=ada.actor, name="Shop", description="")
    shop.refresh_from_db()
    assert shop.recorded_attributes == ["country"]
    assert "country" in Desk(vi).open(shop).content.decode()


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        (["id"], "always kept"),
        (["country", "country"], "listed twice"),
        (["x" * 201], "1 to 200"),
        (["a\x07b"], "printable"),
        ([f"a{n}" for n in range(101)], "at most 100"),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(paths: list[str], says: str, ada: Person, shop: Project) -> None:
    desk = Desk(ada)
    with nothing_changes():
        refused = desk.save(shop, recorded_attributes="\n".join(paths))
        assert says in errors_in(refused)["recorded_attributes"][0]
    with pytest.raises(InvalidInput):
        update_project(shop, by=ada.actor, name="Shop", description="", recorded_attributes=[""])


def test_who_only_edits_flags_cannot_change_what_is_kept(ed: Person, shop: Project) -> None:
    desk = Desk(ed)
    assert 'name="recorded_attributes"' not in desk.open(shop).content.decode()
    with nothing_changes():
        answer = desk.post("accounts_project_change", shop.pk, name="Shop", recorded_attributes="email")
        assert answer.status_code == 403


def test_ids_are_hashed_where_an_admin_says_so_and_the_log_says_who_did(ada: Person, vi: Person, shop: Project) -> None:
    assert Desk(ada).save(shop, hash_context_ids="on").status_code == 302
    shop.refresh_from_db()
    assert shop.hash_context_ids
    assert last_entry().changes == {"hash_context_ids": [False, True]}
    update_project(shop, by=ada.actor, name="Shop", description="")
    assert shop.hash_context_ids, "what is not named stays"
    page = Desk(vi).open(shop).content.decode()
    assert "manage.py forget_evaluations" in page, "readers are told as well"
    assert shop.context_salt not in page + Desk(ada).open(shop).content.decode()


def test_every_project_has_a_salt_of_its_own(ada: Person, otto: Person, shop: Project) -> None:
    salts = Project.objects.values_list("context_salt", flat=True)
    assert len(set(salts)) == 2
    assert {len(salt) for salt in salts} == {32}
