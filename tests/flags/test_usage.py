"""When flags were last asked for and which are stale: the marks of a page and the search through all flags agree."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Project
from flags.models import Flag, FlagState, LastEvaluation
from flags.querysets import with_states
from flags.usage.last_asked import stale_among, stale_in, with_last_evaluation
from flags.usage.staleness import Kind
from flagsite.lib import clock
from tests.flags.builders import equals, make, rule, set_fields, split
from tests.flags.test_query_counts import more_flags

pytestmark = pytest.mark.django_db


@pytest.fixture
def flags(shop: Project) -> None:
    """Flags of every shape, all of them 100 days old."""
    make(shop, "rolled-out", tags=["release"])
    make(shop, "half", tags=["release"], rollout_percentage=50)
    make(shop, "none", tags=["release"], rollout_percentage=0)
    make(shop, "stays", tags=["kill-switch"])
    make(shop, "split", fallthrough=split(on=50, off=50))
    make(shop, "ruled", rules=[rule(equals("plan", "pro"), "off")])
    make(shop, "same-rule", rules=[rule(equals("plan", "pro"))])
    make(shop, "targeted", targets=[{"variation": "off", "ids": ["ann"]}])
    make(shop, "waits", prerequisites=[{"flag": "half", "variation": "on"}])
    make(shop, "quiet", rollout_percentage=50)
    make(shop, "off", enabled=False)
    make(shop, "new", enabled=False)
    for environment in shop.environments.exclude(key="production"):
        set_fields(Flag.objects.get(key="same-rule"), environment, enabled=True)
    states = FlagState.objects.exclude(flag__key="new")
    states.update(updated_at=clock.now() - timedelta(days=100))
    for state in states.select_related("flag").exclude(flag__key="quiet"):
        asked = {"environment": state.environment, "flag_key": state.flag.key, "at": clock.now()}
        LastEvaluation.objects.create(**asked)


@pytest.mark.usefixtures("flags")
def test_the_marks_of_a_page_and_the_search_through_all_flags_agree() -> None:
    now = clock.now()
    page = list(with_states(Flag.objects.all()))
    assert stale_among(page, now=now) == stale_in(Flag.objects.all(), now=now)
    found = {Flag.objects.get(pk=pk).key: stale.kind for pk, stale in stale_in(Flag.objects.all(), now=now).items()}
    assert found == {
        "rolled-out": Kind.ROLLED_OUT,
        "none": Kind.SAME_FOR_ALL,
        "same-rule": Kind.SAME_FOR_ALL,
        "quiet": Kind.NOT_ASKED,
        "off": Kind.OFF,
    }


@pytest.mark.usefixtures("flags")
def test_only_the_flags_that_were_asked_about_are_looked_at(shop: Project) -> None:
    assert stale_in(Flag.objects.filter(key="half"), now=clock.now()) == {}
    assert stale_in(Flag.objects.none(), now=clock.now()) == {}
    assert len(stale_in(Flag.objects.filter(key="off"), now=clock.now())) == 1


def test_the_last_evaluation_is_that_of_any_environment(shop: Project) -> None:
    more_flags(shop, 2)
    for days, environment in enumerate(shop.environments.all()):
        at = clock.now() - timedelta(days=days)
        LastEvaluation.objects.create(environment=environment, flag_key="flag-0", at=at)
    first, second = with_last_evaluation(Flag.objects.order_by("key"))
    asked: Any = first
    assert asked.asked_at == LastEvaluation.objects.latest("at").at
    never: Any = second
    assert never.asked_at is None
