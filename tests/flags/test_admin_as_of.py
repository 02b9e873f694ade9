"""Deciding a flag as of a past moment, in the admin: a context goes in, the path through the rules comes out."""

import json
from typing import Any

import pytest

from accounts.models import Environment, Project
from flags.models import Flag, RevisionItem
from flags.services import note_contexts
from flagsite.lib import clock
from segments.services import create_segment
from tests.conftest import SYSTEM
from tests.desk import Desk
from tests.flags.builders import equals, make, newest, rule, set_fields, split

pytestmark = pytest.mark.django_db

AS_OF = "flags_revision_as_of"


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def ask(desk: Desk, item: RevisionItem, **context: Any) -> Any:
    return desk.post(AS_OF, item.pk, given_as="json", json=json.dumps(context))


def test_a_past_decision_is_shown_with_its_path(desk: Desk, sale: Flag, production: Environment) -> None:
    condition = {"all": [equals("country", "US"), {"not": equals("plan", "free")}]}
    item = set_fields(sale, production, rules=[rule(condition, name="Americans"), rule({"everyone": True})])
    set_fields(sale, production, enabled=False)
    page = ask(desk, item, id="ann", country="US", plan="free")
    answer = page.context["answer"]
    assert (answer.reason, answer.revision) == ("a rule decided", item.number)
    americans, _ = answer.stages[2]
    assert (americans.title, americans.passed) == ('Rule 1: "Americans"', False)
    assert [(line.depth, line.text, line.outcome, line.actual) for line in americans.lines] == [
        (0, "all of:", False, None),
        (1, "country is US", True, "it is US"),
        (1, "not:", False, None),
        (2, "plan is free", True, "it is free"),
    ]
    for words in ("country is US", "a rule decided", "of 100,000 buckets are in"):
        assert words in text(page)


def test_whom_one_asks_about_stands_in_no_address(desk: Desk, sale: Flag, production: Environment) -> None:
    page = desk.get(AS_OF, newest(sale, production).pk, id="ann")
    assert "answer" not in page.context
    assert 'method="post"' in text(page)


def test_every_stage_has_words(desk: Desk, shop: Project, production: Environment) -> None:
    make(shop, "basket")
    create_segment(project=shop, key="staff", fields={"condition": equals("plan", "pro")}, by=SYSTEM)
    flag = make(
        shop,
        "sale",
        prerequisites=[{"flag": "basket", "variation": "on"}],
        targets=[{"variation": "off", "ids": ["ben"]}],
        rules=[rule({"any": [{"segment": "staff"}, {"everyone": True}]}, rollout_percentage=0)],
        fallthrough={**split(on=50, off=50), "bucket_by": "org"},
    )
    item = newest(flag, production)
    page = ask(desk, item, id="ann", org="o1")
    stages = [stage for stage, _ in page.context["answer"].stages]
    titles = [(stage.title, stage.passed) for stage in stages]
    assert titles[:3] == [
        ("Is the flag on?", True),
        ('Prerequisite: "basket" must serve "on"', True),
        ("Is the id targeted?", False),
    ]
    assert stages[3].outcome == "outside of the rollout"
    assert stages[4].notes[1].startswith("Split by org: bucket ")
    for words in ("in the segment staff", "the id is not listed", "it is missing"):
        assert words in text(page)
    assert "The context has no org" in text(ask(desk, item, id="ann"))
    assert "the id is targeted" in text(ask(desk, item, id="ben"))


def test_no_json_is_needed(desk: Desk, sale: Flag, production: Environment) -> None:
    item = set_fields(sale, production, rules=[rule({"attribute": "age", "operator": "gte", "value": 18}, "off")])
    rows = {"attribute_name": ["age", ""], "attribute_type": ["number", "text"], "attribute_value": ["30", ""]}
    answer = desk.post(AS_OF, item.pk, given_as="rows", id="ann", **rows).context["answer"]
    assert (answer.variation, answer.reason) == ("off", "a rule decided")
    typed = desk.post(AS_OF, item.pk, given_as="rows", id="ann", **{**rows, "attribute_value": ["thirty", ""]})
    assert "age: thirty is no number." in text(typed)


def test_somebody_who_was_seen_lately_can_be_taken(desk: Desk, sale: Flag, production: Environment) -> None:
    note_contexts(production, {"ann": ({"id": "ann", "country": "US"}, clock.now())})
    (recent,) = desk.get(AS_OF, newest(sale, production).pk).context["recent"]
    assert recent["id"] == "ann"


@pytest.mark.parametrize("context", ["{", "[1]", '{"id": 3}', '{"a": NaN}', '{"a": "' + "x" * 70_000 + '"}'])
def test_a_context_that_is_none_is_said_at_the_form(
    context: str, desk: Desk, sale: Flag, production: Environment
) -> None:
    page = desk.post(AS_OF, newest(sale, production).pk, given_as="json", json=context)
    assert page.status_code == 200
    assert page.context["form"].errors
