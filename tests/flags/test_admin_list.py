"""The list of flags in the admin: what it shows, what it is narrowed down to, and its switches."""

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from accounts.services import create_project
from flags.admin.flags.listing import FlagList
from flags.models import ChangeRequest, Flag, FlagState, LastEvaluation
from flags.services import open_environment, update_flag
from flagsite.lib import clock
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, messages_in
from tests.flags.builders import equals, rule, set_fields, split, state_of
from tests.flags.test_query_counts import more_flags
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

LIST, SWITCH = "flags_flag_changelist", "flags_flag_switch"


def text(page: Any) -> str:
    assert page.status_code == 200, page.status_code
    return str(page.content.decode())


def keys(desk: Desk, **query: str) -> list[str]:
    return [flag.key for flag in desk.rows("flags_flag", **query)]


def aged(flag: Flag, days: int) -> None:
    FlagState.objects.filter(flag=flag).update(updated_at=clock.now() - timedelta(days=days))


def switch_of(flag: Flag, environment: Environment, wanted: str) -> str:
    state = state_of(flag, environment)
    return f"{state.pk}:{state.version}:{wanted}"


# --- what it shows -----------------------------------------------------------------------------------------------


def test_a_row_says_what_the_flag_does_where_whose_it_is_and_when_it_was_asked_for(
    desk: Desk, sale: Flag, production: Environment, vi: Person
) -> None:
    set_fields(sale, production, name="Summer sale", owner="vi", rollout_percentage=25)
    set_fields(sale, production, rules=[rule(equals("plan", "pro"))])
    at = clock.now() - timedelta(hours=3)
    LastEvaluation.objects.create(environment=production, flag_key="sale", at=at)
    page = text(desk.get(LIST))
    for words in ("sale", "Summer sale", "marketing", "production: 25 % · 1 rule", "staging: off", ">vi<"):
        assert words in page
    assert "3\xa0hours ago" in page
    assert "Turn off in Production; you see what it changes first" in page


def test_what_is_known_to_the_hour_is_not_said_to_the_minute(desk: Desk, sale: Flag, production: Environment) -> None:
    at = clock.now() - timedelta(minutes=14)
    LastEvaluation.objects.create(environment=production, flag_key="sale", at=at)
    page = text(desk.get(LIST))
    assert "within the hour" in page
    assert "14\xa0minutes ago" not in page


def test_a_stale_flag_is_marked_with_the_reason_and_found(desk: Desk, sale: Flag, banner: Flag) -> None:
    aged(sale, 100)
    update_flag(
        project=sale.project,
        environment=sale.project.environments.get(key="production"),
        key="banner",
        fields={"tags": ["permission"]},
        by=SYSTEM,
    )
    for environment in sale.project.environments.all():
        set_fields(sale, environment, enabled=False)
    aged(sale, 100)
    aged(banner, 100)
    reason = "Off in every environment, and nobody has changed it for 100 days."
    assert reason in text(desk.get(LIST))
    assert keys(desk, stale="any") == keys(desk, stale="off") == ["sale"]
    assert keys(desk, stale="rolled-out") == []


def test_it_is_narrowed_down_by_state_owner_tag_and_text(
    desk: Desk, sale: Flag, banner: Flag, production: Environment, vi: Person
) -> None:
    set_fields(sale, production, owner="vi", rollout_percentage=25)
    assert keys(desk, state="production:on") == ["banner"]
    assert keys(desk, state="production:some") == ["sale"]
    assert keys(desk, state="staging:off") == ["banner", "sale"]
    assert keys(desk, state="production:off") == keys(desk, state="nowhere:on") == []
    assert keys(desk, owner="vi") == keys(desk, q="vi") == ["sale"]
    assert keys(desk, owner="-") == ["banner"]
    assert keys(desk, tag="marketing") == keys(desk, q="sal") == ["sale"]
    assert keys(desk, tag="nothing") == keys(desk, owner="nobody") == []


def test_filters_name_nobody_from_elsewhere(otto: Person, sale: Flag, production: Environment, vi: Person) -> None:
    set_fields(sale, production, owner="vi")
    page = text(Desk(otto).get(LIST))
    for words in ("staging: on", ">vi<", "marketing", "Shop"):
        assert words not in page


def test_the_order_that_somebody_chose_is_kept_until_they_choose_another(desk: Desk, sale: Flag, banner: Flag) -> None:
    assert keys(desk) == ["banner", "sale"]
    assert keys(desk, o="-1") == ["sale", "banner"]
    assert keys(desk) == ["sale", "banner"]
    assert keys(desk, q="a") == ["sale", "banner"]
    assert keys(desk, o="") == keys(desk) == ["banner", "sale"]


def test_the_newest_change_stands_first_be_it_of_the_flag_or_of_a_state(
    desk: Desk, sale: Flag, banner: Flag, production: Environment
) -> None:
    by_change = {"o": str(-1 - FlagList.list_display.index("changed"))}
    aged(sale, 9)
    aged(banner, 9)
    Flag.objects.filter(pk=sale.pk).update(updated_at=clock.now() - timedelta(days=3))
    Flag.objects.filter(pk=banner.pk).update(updated_at=clock.now() - timedelta(days=2))
    assert keys(desk, **by_change) == ["banner", "sale"]
    set_fields(sale, production, rollout_percentage=25)
    Flag.objects.filter(pk=sale.pk).update(updated_at=clock.now() - timedelta(days=3))
    assert keys(desk, **by_change) == ["sale", "banner"]
    page = text(desk.get(LIST))
    assert page.index("just now") < page.index("2\xa0days ago")


@pytest.mark.parametrize(("percentage", "words"), [(100, "production: split"), (25, "production: 25 % · split")])
def test_a_default_rule_that_splits_is_no_plain_on(
    desk: Desk, sale: Flag, production: Environment, percentage: int, words: str
) -> None:
    set_fields(sale, production, fallthrough=split(on=50, off=50), rollout_percentage=percentage)
    page = text(desk.get(LIST))
    assert f">{words}<" in page
    assert "pill-success" not in page


def test_the_project_stands_in_the_list_of_those_who_see_several(desk: Desk, sam: Person, sale: Flag) -> None:
    assert '<span class="flag-name"></span>' in text(desk.get(LIST))
    create_project(key="other", name="Other", by=SYSTEM)
    assert '<span class="flag-name">Shop</span>' in text(Desk(sam).get(LIST))


def test_two_thousand_flags_in_five_environments_cost_as_much_as_a_few(desk: Desk, shop: Project) -> None:
    for key in ("qa", "canary"):
        open_environment(project=shop, key=key, name=key, by=SYSTEM)
    more_flags(shop, FlagList.list_per_page)
    desk.get(LIST)

    def cost() -> tuple[int, float]:
        start = time.process_time()  # however busy the machine is
        with CaptureQueriesContext(connection) as captured:
            text(desk.get(LIST))
        return len(captured), time.process_time() - start

    few, _ = cost()
    more_flags(shop, 2_000 - FlagList.list_per_page)
    assert (Flag.objects.count(), FlagState.objects.count()) == (2_000, 10_000)
    FlagState.objects.update(updated_at=clock.now() - timedelta(days=100))
    LastEvaluation.objects.bulk_create(
        LastEvaluation(environment=environment, flag_key=key, at=clock.now())
        for environment in shop.environments.all()
        for key in Flag.objects.values_list("key", flat=True)
    )
    costs = [cost() for _ in range(5)]
    assert {queries for queries, _ in costs} == {few}
    assert few <= 20
    assert min(seconds for _, seconds in costs) < 0.6, "the budget, 200 ms, is held by `make bench-server`"


def test_each_row_has_a_box_of_its_own(desk: Desk, shop: Project) -> None:
    more_flags(shop, 3)
    page = desk.get(LIST).content.decode()
    assert [int(pk) for pk in re.findall(r'name="_selected_action" value="(\d+)"', page)] == [
        flag.pk for flag in desk.get(LIST).context["cl"].result_list
    ]
    assert page.count('id="action-toggle"') == 1


# --- switching ---------------------------------------------------------------------------------------------------


def test_a_pill_switches_through_the_review(desk: Desk, sale: Flag, production: Environment) -> None:
    shown = re.findall(r'name="switch" value="([^"]+)"', text(desk.get(LIST)))
    assert switch_of(sale, production, "off") in shown
    answer = desk.post(SWITCH, switch=switch_of(sale, production, "off"))
    (told,) = desk.review(answer).context["review"].told
    assert ([each.key for each in told.environments], told.sentences) == (["production"], ("Turned off.",))
    assert state_of(sale, production).enabled
    desk.publish(answer)
    assert not state_of(sale, production).enabled


def test_a_pill_that_was_shown_too_long_ago_switches_nothing(desk: Desk, sale: Flag, production: Environment) -> None:
    shown = switch_of(sale, production, "off")
    set_fields(sale, production, rollout_percentage=50)
    answer = desk.post(SWITCH, switch=shown)
    assert "has changed the flag since" in messages_in(desk.client.get(answer.headers["Location"]))[0]
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize("sent", ["", "1", "1:1", "1:1:up", "x:1:on", "0:1:on", f"{'9' * 40}:1:on", "\0"])
def test_a_switch_that_nobody_was_shown_is_not_found(desk: Desk, sale: Flag, sent: str) -> None:
    assert desk.post(SWITCH, switch=sent).status_code == 404


def test_a_viewer_sees_pills_and_no_switches(vi: Person, otto: Person, sale: Flag, production: Environment) -> None:
    desk, stranger = Desk(vi), Desk(otto)
    page = text(desk.get(LIST))
    assert "production: on" in page
    for words in ("pill-switch", 'name="action"', "Emergency"):
        assert words not in page
    with nothing_changes():
        assert desk.post(SWITCH, switch=switch_of(sale, production, "off")).status_code == 403
        assert stranger.post(SWITCH, switch=switch_of(sale, production, "off")).status_code == 404
