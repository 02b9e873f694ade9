"""What stands around every page of the admin: its title, where one is, and what is said when a list is empty."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from accounts.services import issue_server_key
from flags.models import EvaluationCount, Flag, TrackedEvent
from flagsite.lib import clock
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import make

pytestmark = pytest.mark.django_db


def title(page: Any) -> str:
    (found,) = re.findall(r"<title>\s*(.*?)\s*</title>", page.content.decode(), re.DOTALL)
    return str(found)


def trail(page: Any) -> list[str]:
    """The links to where one is."""
    (heading,) = re.findall(r'<h1 class="overflow-hidden.*?</h1>', page.content.decode(), re.DOTALL)
    return [text.strip() for text in re.findall(r"<a href[^>]*>(.*?)</a>", heading, re.DOTALL)]


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout", name="new Checkout")


def test_the_window_is_named_by_what_is_looked_at(ed: Person, checkout: Flag) -> None:
    desk = Desk(ed)
    assert title(desk.get("flags_flag_changelist")) == "Flags | Flagsite"
    assert title(desk.get("flags_flag_add")) == "Add flag | Flagsite"
    assert title(desk.open(checkout)) == "new Checkout | Flags | Flagsite"
    assert title(desk.get("flags_flag_tester")) == "Tester | Flagsite"


def test_the_way_back_leads_to_lists_and_no_name_is_written_otherwise(ada: Person, checkout: Flag) -> None:
    desk = Desk(ada)
    assert trail(desk.open(checkout)) == ["Flags", "new Checkout"]
    key, _ = issue_server_key(environment=checkout.project.environments.all()[0], name="shop", by=SYSTEM)
    assert trail(desk.open(key)) == ["Server keys", str(key)]
    assert str(key).startswith("fs_srv_")


def test_an_empty_list_says_whether_something_was_looked_for(ed: Person, vi: Person, shop: Project) -> None:
    def told(person: Person, **query: str) -> str:
        return str(Desk(person).get("flags_flag_changelist", **query).content.decode())

    assert "Nothing here yet" in told(ed)
    assert "Add flag" in told(ed)
    assert "Add flag" not in told(vi)
    make(shop, "checkout")
    assert "No flags are like that." in told(vi, q="elsewhere")
    assert "0 found (" in told(vi, q="elsewhere")
    assert " found (" not in told(vi)


def test_moments_are_told_by_the_day_of_24_hours_and_with_their_zone(ada: Person, shop: Project) -> None:
    listed = Desk(ada).get("accounts_environment_changelist").content.decode()
    assert len(re.findall(r">\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC<", listed)) == 3


@pytest.mark.parametrize("reported", ["flags_evaluationcount", "flags_trackedevent"])
def test_what_sdks_report_is_listed_without_counting_or_sorting_millions(
    reported: str, vi: Person, production: Environment
) -> None:
    now = clock.now()
    for number in range(3):
        counted: Any = {"flag_key": f"flag-{number}", "variation": "on", "minute": now, "count": 1}
        EvaluationCount.objects.create(environment=production, **counted)
        TrackedEvent.objects.create(environment=production, name=f"flag-{number}", context_id="ann", time=now)
    with CaptureQueriesContext(connection) as captured:
        page = Desk(vi).get(f"{reported}_changelist", q="flag-1")
    asked = [each["sql"] for each in captured if f'FROM "{reported}"' in each["sql"]]
    assert not [sql for sql in asked if "COUNT(" in sql]
    assert all(f'ORDER BY "{reported}"."id" DESC' in sql for sql in asked)
    assert len(page.context["cl"].result_list) == len(asked) == 1
    assert "found" not in "".join(trail(page))
    assert "show all" in page.content.decode()
