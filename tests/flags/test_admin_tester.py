"""The tester: what a flag is for a context in every environment, the path to it, and the bucket on its ruler."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.admin.deciding.rulers import rulers_of
from flags.models import Flag, RecentContext
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import equals, make, rule, set_fields, split
from tests.flags.test_query_counts import more_flags
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

TESTER = "flags_flag_tester"


def ask(desk: Desk, flag: str = "sale", *rows: tuple[str, str, str], **data: Any) -> Any:
    columns = {f"attribute_{name}": [row[at] for row in rows] for at, name in enumerate(("name", "type", "value"))}
    return desk.post(TESTER, **{"flag": flag, "id": "user-1", "given_as": "rows", "show": "flag", **columns, **data})


def served(page: Any) -> dict[str, str]:
    assert page.status_code == 200, page.status_code
    return {answer.environment.key: answer.variation for answer in page.context["answers"]}


def text(page: Any) -> str:
    assert page.status_code == 200, page.status_code
    return str(page.content.decode())


def _path(page: Any) -> Any:
    return next(answer.stages for answer in page.context["answers"] if answer.environment.key == "production")


def test_the_result_stands_side_by_side_for_every_environment(desk: Desk, sale: Flag) -> None:
    page = ask(desk)
    assert served(page) == {"development": "off", "staging": "off", "production": "on"}
    for words in ("Not the same everywhere", "Because the default rule decided", "Because the flag is off", "revision"):
        assert words in text(page)


def test_attributes_are_what_their_types_say(desk: Desk, sale: Flag, production: Environment) -> None:
    conditions = [
        equals("country", "US"),
        equals("beta", True),
        {"attribute": "age", "operator": "gt", "value": 17.5},
        {"attribute": "groups", "operator": "any_of", "value": ["ops"]},
        equals("organisation.id", "7"),
    ]
    set_fields(sale, production, rules=[rule({"all": conditions}, name="All of it")], rollout_percentage=0)
    rows = [
        ("country", "text", "US"),
        ("beta", "boolean", "true"),
        ("age", "number", "18"),
        ("groups", "list", "dev, ops"),
        ("organisation.id", "text", "7"),
    ]
    page = ask(desk, "sale", *rows)
    assert served(page)["production"] == "on"
    assert "All of it" in text(page)
    assert served(ask(desk, "sale", *rows[1:]))["production"] == "off"


def test_a_context_as_json_and_both_ways_are_shown_again(desk: Desk, sale: Flag, production: Environment) -> None:
    set_fields(sale, production, rules=[rule(equals("plan.tier", "gold"))], rollout_percentage=0)
    page = ask(desk, given_as="json", json='{"id": "user-1", "plan": {"tier": "gold"}}')
    assert served(page)["production"] == "on"
    assert "&quot;tier&quot;: &quot;gold&quot;" in text(page)
    assert ask(desk, "sale", ("plan", "text", "gold")).context["rows"] == [
        {"name": "plan", "type": "text", "value": "gold"}
    ]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"given_as": "json", "json": "[1]"}, "A context is an object"),
        ({"given_as": "json", "json": '{"id": 7}'}, "A context needs an `id`"),
        ({"given_as": "json", "json": "{"}, "This is not valid JSON"),
        ({"attribute_name": "age", "attribute_type": "number", "attribute_value": "old"}, "age: old is no number."),
        (
            {"attribute_name": "beta", "attribute_type": "boolean", "attribute_value": "yes"},
            "beta: write true or false.",
        ),
        ({"flag": "nowhere"}, "There is no flag “nowhere”"),
        ({"flag": ""}, "Choose a flag."),
        ({"show": "all", "environment": "nowhere"}, "Choose an environment."),
        ({"id": "\0"}, "Null characters are not allowed"),
    ],
)
def test_what_cannot_be_asked_is_said(desk: Desk, sale: Flag, sent: dict[str, str], words: str) -> None:
    page = ask(desk, **sent)
    assert words in text(page).replace("&#x27;", "'")
    assert not page.context.get("answers")


def test_the_path_names_each_condition_with_what_the_context_has(
    desk: Desk, sale: Flag, production: Environment
) -> None:
    rules = [rule({"any": [equals("country", "US"), {"not": equals("plan", "pro")}]}, name="Anybody else")]
    set_fields(sale, production, rules=rules)
    page = ask(desk, "sale", ("country", "text", "DE"), ("plan", "text", "pro"))
    stages = _path(page)
    titles = [stage.title for stage, _ in stages]
    assert titles == ["Is the flag on?", "Is the id targeted?", 'Rule 1: "Anybody else"', "Default rule"]
    lines = [(line.depth, line.text, line.outcome, line.actual) for line in stages[2][0].lines]
    assert lines == [
        (0, "any of:", False, None),
        (1, "country is US", False, "it is DE"),
        (1, "not:", False, None),
        (2, "plan is pro", True, "it is pro"),
    ]


def test_buckets_are_drawn_on_rulers_and_said_in_words(desk: Desk, banner: Flag, production: Environment) -> None:
    set_fields(banner, production, fallthrough=split(a=33.333, b=66.667, c=0), rollout_percentage=40)
    pages = (ask(desk, "banner", id=f"user-{number}") for number in range(50))
    inside = next(page for page in pages if len(_path(page)[-1][1]) == 2)
    stages = _path(inside)
    gate, cut = stages[-1][1]
    assert [(band.name, band.start, band.end, band.percentage) for band in gate.bands] == [
        ("inside", 0, 40_000, "40 %"),
        ("outside", 40_000, 100_000, "60 %"),
    ]
    assert [(band.name, band.start, band.end) for band in cut.bands] == [("a", 0, 33_333), ("b", 33_333, 100_000)]
    assert gate.bucket is not None
    assert gate.bucket < 40_000
    assert f"Bucket {gate.bucket:,} by id, inside of the rollout: the first 40,000 of 100,000 buckets are in." in text(
        inside
    )
    assert 'role="img"' in text(inside)


def test_whoever_has_nothing_to_bucket_by_has_no_mark_on_the_ruler() -> None:
    gate = {"bucket_by": "company", "percentage": 10, "bucket": None, "inside": False}
    (ruler,) = rulers_of({"step": "default_rule", "gate": gate, "variation": None}, {})
    assert ruler.bucket is None
    assert ruler.words.startswith("The context has no company, so it has no bucket, outside of the rollout")


def test_all_flags_of_an_environment(desk: Desk, sale: Flag, banner: Flag) -> None:
    page = ask(desk, show="all", environment="production")
    assert [(one.key, one.variation) for one in page.context["decided"]] == [("banner", "a"), ("sale", "on")]
    page = ask(desk, show="all", environment="production", find="SAL")
    assert [one.key for one in page.context["decided"]] == ["sale"]


def test_of_many_flags_the_first_are_shown_and_the_rest_is_counted(
    desk: Desk, shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flags.admin.deciding.tester.MAX_DECIDED", 3)
    more_flags(shop, 5)
    page = ask(desk, show="all", environment="production")
    assert (len(page.context["decided"]), page.context["more"]) == (3, 2)
    assert "2 more are not shown" in text(page)


def test_a_context_that_was_seen_lately_can_be_taken(desk: Desk, sale: Flag, production: Environment) -> None:
    assert "seen lately" not in text(desk.get(TESTER))
    shop = production.project
    shop.recorded_attributes = ["country", "age", "plan.tier"]
    shop.save()
    seen: dict[str, Any] = {"ann": {"country": "US", "age": 42}, "ben": {"plan.tier": None}}
    for name, attributes in seen.items():
        row = {"context_id": name, "attributes": attributes, "seen_at": clock.now()}
        RecentContext.objects.create(environment=production, **row)
    page = desk.get(TESTER)
    found = {one["id"]: (one["told"], one["rows"]) for one in page.context["recent"]}
    rows = [{"name": "country", "type": "text", "value": "US"}, {"name": "age", "type": "number", "value": "42"}]
    assert sorted(found["ann"][1], key=lambda row: row["name"] != "country") == rows
    assert set(found["ann"][0].split(", ")) == {"country US", "age 42"}
    assert found["ben"][1] is None
    assert "seen lately in Production" in text(page)
    again = ask(desk, environment="development")
    assert "seen lately in Production" in text(again), "where all flags would be shown is sent along with every test"
    assert "seen lately" not in text(ask(desk, show="all", environment="development"))


def test_an_attribute_that_was_seen_brings_its_type(desk: Desk, sale: Flag, production: Environment) -> None:
    conditions = [
        {"attribute": "lifetime_spend", "operator": "gt", "value": 500},
        equals("beta", True),
        {"attribute": "groups", "operator": "any_of", "value": ["ops"]},
        {"any": [equals("plan", "pro"), equals("plan", 7)]},
    ]
    set_fields(sale, production, rules=[rule({"all": conditions})])
    types = dict(desk.get(TESTER).context["attributes"])
    assert types == {"lifetime_spend": "number", "beta": "boolean", "groups": "list", "plan": "text"}


def test_a_viewer_tests_as_well_and_testing_changes_nothing(vi: Person, sale: Flag) -> None:
    desk = Desk(vi)
    with nothing_changes():
        assert served(ask(desk))["production"] == "on"


def test_people_of_other_projects_find_nothing(otto: Person, nina: Person, sale: Flag) -> None:
    assert "Shop" not in text(Desk(otto).get(TESTER))
    assert Desk(otto).get(TESTER, project="shop").status_code == 404
    assert ask(Desk(otto), project="shop").status_code == 404
    assert not ask(Desk(otto)).context.get("answers")
    assert Desk(nina).get(TESTER).status_code == 404


def test_a_flag_s_page_and_its_history_lead_to_the_tester(desk: Desk, sale: Flag) -> None:
    page = desk.get("flags_flag_test_here", sale.pk)
    assert page.headers["Location"].endswith("/tester/?project=shop&flag=sale")
    assert desk.client.get(page.headers["Location"]).context["flag"] == "sale"
    assert desk.get("flags_flag_test_here", sale.pk).headers["Location"] in text(
        desk.get("flags_revision_timeline", project="shop", kind="flag", key="sale")
    ).replace("&amp;", "&")
    assert "Test with a context" in text(desk.open(sale))


def test_a_project_of_several_is_chosen(sam: Person, otto: Person, sale: Flag) -> None:
    page = Desk(sam).get(TESTER, project="shop", flag="sale")
    assert [one.key for one in page.context["projects"]] == ["elsewhere", "shop"]
    assert (page.context["project"].key, page.context["flag"]) == ("shop", "sale")


def test_what_people_wrote_is_shown_and_never_run(desk: Desk, sale: Flag, production: Environment) -> None:
    script = "<script>alert(1)</script>"
    set_fields(sale, production, rules=[rule(equals(script, script), name=script)])
    for page in (
        ask(desk, "sale", (script, "text", script), id=script),
        ask(desk, script, given_as="json", json=f'{{"id": "{script}"}}'),
        ask(desk, show="all", environment="production", find=script),
    ):
        assert script not in text(page)


def test_a_test_costs_the_same_however_many_flags_there_are(
    desk: Desk, shop: Project, sale: Flag, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    def cost(**data: Any) -> int:
        ask(desk, **data)
        with CaptureQueriesContext(connection) as captured:
            ask(desk, **data)
        return len(captured)

    few = [cost(), cost(show="all", environment="production")]
    for number in range(3):
        make(shop, f"flag-{number}")
    assert [cost(), cost(show="all", environment="production")] == few
    with django_assert_max_num_queries(16):
        ask(desk)
