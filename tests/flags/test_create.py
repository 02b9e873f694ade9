"""POST /flags."""

import pytest

from flags.models import Flag, Revision
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, create, equals, rule, split, texts
from tests.problems import assert_problem

pytestmark = pytest.mark.django_db


def test_a_boolean_flag_needs_only_key_and_type(ed: Person) -> None:
    flag = create(ed, {"key": "dark-mode", "type": "boolean"})
    assert flag["variations"] == [{"key": "on", "value": True}, {"key": "off", "value": False}]
    assert (flag["off_variation"], flag["fallthrough"], flag["rollout_percentage"]) == ("off", {"variation": "on"}, 100)
    assert (flag["enabled"], flag["targets"], flag["rules"], flag["prerequisites"]) == (False, [], [], [])
    assert (flag["name"], flag["description"], flag["tags"]) == ("", "", [])
    assert (flag["project"], flag["environment"], flag["hash"], flag["version"]) == ("shop", "production", "xxh3", 1)
    assert len(flag["salt"]) == 16


def test_a_boolean_flag_knows_which_of_its_own_variations_is_off(ed: Person) -> None:
    variations = [{"key": "no", "value": False}, {"key": "yes", "value": True}]
    flag = create(ed, boolean(variations=variations))
    assert (flag["off_variation"], flag["fallthrough"]) == ("no", {"variation": "yes"})


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("string", ["", "Grüße", "x" * 10_000]),
        ("number", [0, -1.5, 2**53, 1e300]),
        ("json", [None, [], {"deep": [1, {"er": None}]}, True, "text"]),
    ],
)
def test_a_flag_keeps_the_values_of_its_type(ed: Person, kind: str, values: list[object]) -> None:
    variations = [{"key": f"v{n}", "value": value} for n, value in enumerate(values)]
    flag = create(ed, {"key": "flag", "type": kind, "variations": variations})
    assert flag["variations"] == variations
    assert (flag["off_variation"], flag["fallthrough"]) == ("v0", {"variation": "v0"})
    assert ed.client().get(f"/flags/flag{PRODUCTION}").json() == flag


def test_everything_that_can_be_said_is_kept(ed: Person) -> None:
    create(ed, boolean("login"))
    body = texts(
        name="Banner",
        description="Which text stands on top.",
        tags=["shop", "copy"],
        salt="5f0c",
        off_variation="c",
        fallthrough={**split(a=33.333, b=66.667), "bucket_by": "organisation.id"},
        rollout_percentage=12.5,
        targets=[{"variation": "b", "ids": ["ann", "bob"]}],
        prerequisites=[{"flag": "login", "variation": "on"}],
        rules=[rule(equals("country", "US"), "a", id="us", name="In the US", rollout_percentage=0.001)],
    )
    flag = create(ed, body)
    assert {name: flag[name] for name in body} == body | {"tags": ["copy", "shop"]}


def test_a_created_flag_names_its_version_in_the_etag(ed: Person) -> None:
    response = ed.client().post("/flags", boolean())
    assert response.headers["ETag"] == '"1"'


def test_without_an_environment_the_first_is_meant(ed: Person) -> None:
    response = ed.client().post("/flags", boolean())
    assert response.json()["environment"] == "development"


def test_a_rule_without_an_id_gets_one_from_its_name_that_no_other_has(ed: Person) -> None:
    condition = equals("country", "US")
    names = ["Beta testers!", "Beta testers", "", "Ω", "rule"]
    rules = [rule(condition, name=name) for name in names] + [rule(condition, id="beta-testers-2")]
    flag = create(ed, boolean(rules=rules))
    assert [each["id"] for each in flag["rules"]] == [
        "beta-testers",
        "beta-testers-3",
        "rule",
        "rule-2",
        "rule-3",
        "beta-testers-2",
    ]


def test_a_new_flag_is_a_revision_of_every_environment(ed: Person) -> None:
    before = set(Revision.objects.values_list("pk", flat=True))
    ed.client().post(f"/flags{PRODUCTION}", boolean(comment="For the launch"))
    new = Revision.objects.exclude(pk__in=before)
    assert {each.environment.key for each in new} == {"development", "staging", "production"}
    assert {(each.comment, each.actor_label, each.source) for each in new} == {("For the launch", "ed", "api")}


def test_a_key_that_is_taken_is_a_conflict(ed: Person) -> None:
    create(ed, boolean())
    assert_problem(ed.client().post("/flags", boolean()), 409, "KEY_TAKEN")
    assert Flag.objects.count() == 1


def test_two_projects_may_use_the_same_key(ed: Person, otto: Person) -> None:
    create(ed, boolean())
    create(otto, boolean())
    assert Flag.objects.filter(key="checkout").count() == 2
