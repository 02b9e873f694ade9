"""The sidebar's search box: flags, segments and pages by a part of their name, for those who may see them."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Project
from flagsite.finding import MAX_FLAGS
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, address
from tests.flags.builders import make
from tests.flags.test_query_counts import more_flags

pytestmark = pytest.mark.django_db


def page(person: Person, text: str) -> Any:
    answer = Desk(person).get("search", s=text)
    assert answer.status_code == 200, answer.status_code
    return answer


def titles(person: Person, text: str) -> list[str]:
    return [one.title for one in page(person, text).context["results"]]


@pytest.fixture(autouse=True)
def _things(shop: Project) -> None:
    for key, name in (("new-checkout", "The new checkout"), ("checkout", ""), ("checkout-banner", ""), ("chat", "")):
        make(shop, key, name=name)
    create_segment(project=shop, key="checkout-testers", fields={"name": "Testers"}, by=SYSTEM)


def test_what_begins_with_the_text_comes_first_the_shortest_before_the_others(vi: Person) -> None:
    assert titles(vi, "CHECKOUT") == ["checkout", "checkout-banner", "new-checkout", "checkout-testers"]
    assert titles(vi, " the new ") == ["new-checkout"]


def test_it_leads_to_the_flag_the_segment_and_the_pages_of_the_sidebar(vi: Person) -> None:
    found = {one.title: one.address for one in page(vi, "t").context["results"]}
    assert found["Tester"] == address("flags_flag_tester")
    for title in ("Tester", "chat", "checkout-testers"):
        assert Desk(vi).client.get(found[title]).status_code == 200


def test_what_a_person_may_not_see_is_not_found(otto: Person, nina: Person, vi: Person) -> None:
    assert titles(otto, "checkout") == titles(nina, "checkout") == []
    assert "Nothing is called “checkout”." in page(nina, "checkout").content.decode()
    assert len(titles(vi, "checkout")) == 4


def test_somebody_who_has_not_signed_in_is_led_to_the_sign_in(client: Any) -> None:
    assert client.get(address("search"), {"s": "checkout"}).status_code == 302


@pytest.mark.parametrize("text", ["", "  ", "\0", "%", "_", "\\", "x" * 5_000])
def test_odd_texts_find_nothing(vi: Person, text: str) -> None:
    assert titles(vi, text) == []


def test_what_was_typed_is_shown_and_never_run(vi: Person) -> None:
    assert "<script>" not in page(vi, "<script>alert(1)</script>").content.decode()


def test_it_costs_the_same_however_much_there_is(vi: Person, shop: Project) -> None:
    def cost(text: str) -> int:
        desk = Desk(vi)
        with CaptureQueriesContext(connection) as captured:
            desk.get("search", s=text)
        return len(captured)

    few = cost("flag")
    more_flags(shop, 40)
    assert cost("flag") == few
    assert len([title for title in titles(vi, "flag") if title.startswith("flag-")]) == MAX_FLAGS


def test_a_flag_that_was_made_a_moment_ago_is_found(vi: Person, shop: Project) -> None:
    assert titles(vi, "brand-new") == []
    make(shop, "brand-new")
    assert titles(vi, "brand-new") == ["brand-new"]
