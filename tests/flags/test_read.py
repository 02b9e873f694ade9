"""GET /flags and GET /flags/{key}."""

from typing import Any

import pytest

from accounts.models import Project
from accounts.roles import Role
from accounts.services import grant_role
from tests.conftest import SYSTEM, Person
from tests.flags.builders import boolean, create
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db


def keys(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [flag["key"] for flag in response.json()["results"]]


def test_a_viewer_reads_what_an_editor_made(ed: Person, vi: Person) -> None:
    flag = create(ed, boolean())
    response = vi.client().get("/flags/checkout?environment=production")
    assert response.json() == flag
    assert response.headers["ETag"] == '"1"'


def test_the_list_holds_whole_flags_of_the_environment_by_key(ed: Person) -> None:
    zebra, apple = create(ed, boolean("zebra")), create(ed, boolean("apple"))
    listed = ed.client().get("/flags?environment=production").json()
    assert listed == {"next": None, "previous": None, "results": [apple, zebra]}
    elsewhere = ed.client().get("/flags").json()["results"]
    assert [flag["enabled"] for flag in elsewhere] == [False, False]


def test_pages_lead_forwards_and_backwards_through_all_flags_once(ed: Person) -> None:
    names = [f"flag-{n}" for n in range(7)]
    for name in names:
        create(ed, boolean(name))
    client, seen = ed.client(), []
    address = "/flags?page_size=3&environment=production"
    while address:
        page = client.get(address).json()
        seen.append([flag["key"] for flag in page["results"]])
        previous, address = page["previous"], page["next"]
    assert seen == [names[:3], names[3:6], names[6:]]
    assert keys(client.get(previous)) == names[3:6]


def test_a_page_stays_where_it_was_while_flags_come_and_go(ed: Person) -> None:
    for name in "bdf":
        create(ed, boolean(name))
    following = ed.client().get("/flags?page_size=2").json()["next"]
    create(ed, boolean("a"))
    ed.client().delete("/flags/d")
    assert keys(ed.client().get(following)) == ["f"]


SEARCHES = {
    "check": ["checkout"],
    "CHECK": ["checkout"],
    "pay": ["checkout", "wallet"],
    "100%": ["wallet"],
    "_": [],
}


def test_search_looks_into_key_name_and_description(ed: Person) -> None:
    create(ed, boolean("checkout", name="The new way to pay"))
    create(ed, boolean("wallet", description="Pay with 100% less effort"))
    create(ed, boolean("footer"))
    for word, found in SEARCHES.items():
        assert keys(ed.client().get("/flags", {"search": word})) == found


def test_a_tag_finds_the_flags_that_carry_it(ed: Person) -> None:
    create(ed, boolean("one", tags=["ops", "kill-switch"]))
    create(ed, boolean("two", tags=["ops"]))
    create(ed, boolean("three"))
    assert keys(ed.client().get("/flags?tag=ops")) == ["one", "two"]
    assert keys(ed.client().get("/flags?tag=ops&search=two")) == ["two"]
    assert keys(ed.client().get("/flags?tag=op")) == []
    assert keys(ed.client().get("/flags?tag=&search=")) == ["one", "three", "two"]


def test_a_token_that_reaches_several_projects_names_one(ed: Person, otto: Person, shop: Project) -> None:
    grant_role(user=otto.user, role=Role.EDITOR, project=shop, by=SYSTEM)
    create(ed, boolean())
    assert_problem(otto.client().get("/flags"), 400, "INVALID", "project")
    assert keys(otto.client().get("/flags?project=shop")) == ["checkout"]
    assert keys(otto.client().get("/flags?project=elsewhere")) == []
    assert_problem(otto.client().get("/flags?project=nowhere"), 404, "PROJECT_NOT_FOUND")


def test_what_is_not_there_is_named(ed: Person) -> None:
    create(ed, boolean())
    client = ed.client()
    assert_problem(client.get("/flags/nothing"), 404, "FLAG_NOT_FOUND")
    assert_problem(client.get("/flags/Checkout"), 404, "FLAG_NOT_FOUND")
    missing = assert_problem(client.get("/flags/checkout?environment=moon"), 404, "ENVIRONMENT_NOT_FOUND")
    assert "development, staging, production" in missing["detail"]


def test_a_project_without_environments_says_so(sam: Person) -> None:
    from accounts.services import create_project

    create_project(key="empty", name="Empty", by=SYSTEM)
    assert_problem(sam.client().get("/flags?project=empty"), 404, "ENVIRONMENT_NOT_FOUND")
