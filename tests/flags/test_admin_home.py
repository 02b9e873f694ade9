"""The home page: what needs attention, environments at a glance, recent changes, evaluations of the last day."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.admin import notices as noticing
from flags.admin.notices import Notice, notices_found_by
from flags.editing.edits import FlagDeletion, FlagEdit
from flags.models import ChangeRequest, Flag, FlagState, HourTotal
from flags.services import approve, decline, propose, turn_off_flag, withdraw
from flags.services.counts import count_evaluations
from flags.usage.reports import Count
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk, address
from tests.flags.builders import equals, make, rule, set_fields, state_of
from tests.flags.test_query_counts import more_flags

pytestmark = pytest.mark.django_db


def home(person: Person) -> Any:
    page = Desk(person).get("index")
    assert page.status_code == 200, page.status_code
    return page


def told(person: Person) -> list[tuple[str, str]]:
    return [(notice.kind, notice.title) for notice in home(person).context["notices"]]


def wanted(person: Person, flag: Flag, environment: Environment, **fields: Any) -> ChangeRequest:
    version = state_of(flag, environment).version
    edit = FlagEdit(flag.key, states={environment.key: fields}, versions={environment.key: version})
    return propose(project=flag.project, edits=[edit], by=person.actor)


@pytest.fixture
def guarded(production: Environment) -> Environment:
    production.requires_approval = True
    production.save()
    return production


# --- what needs attention ----------------------------------------------------------------------------------------


def test_what_waits_for_somebody_s_approval_is_told_to_those_who_may_give_it(
    ed: Person, ada: Person, vi: Person, sale: Flag, guarded: Environment
) -> None:
    request = wanted(ed, sale, guarded, rollout_percentage=50)
    assert told(ada) == [("To approve", "Change sale in production")]
    assert told(ed) == told(vi) == []
    approve(request, by=ada.actor, version=1)
    assert told(ada) == []
    assert told(ed) == [("Approved", "Change sale in production")]


def test_what_needs_no_approval_waits_for_nobody(ed: Person, ada: Person, sale: Flag, guarded: Environment) -> None:
    wanted(ed, sale, sale.project.environments.get(key="staging"), enabled=True)
    assert told(ada) == []
    versions = {each.key: state_of(sale, each).version for each in sale.project.environments.all()}
    propose(project=sale.project, edits=[FlagEdit("sale", shared={"tags": ["a"]}, versions=versions)], by=ed.actor)
    assert told(ada) == []
    propose(project=sale.project, edits=[FlagDeletion("sale", versions)], by=ed.actor)
    assert told(ada) == [("To approve", "Delete the flag sale")]


def test_what_is_proposed_is_told_with_what_waits(ed: Person, ada: Person, sale: Flag, guarded: Environment) -> None:
    wanted(ed, sale, guarded, rollout_percentage=50)
    (notice,) = home(ada).context["notices"]
    assert notice.sentence == "Rollout 100 % → 50 %. ed asks for an approval."


def test_who_proposed_what_was_declined_is_told_why_for_some_days(
    ed: Person, ada: Person, sale: Flag, guarded: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = wanted(ed, sale, guarded, rollout_percentage=50)
    decline(request, by=ada.actor, version=1, comment="Not before Christmas")
    (notice,) = home(ed).context["notices"]
    assert (notice.kind, notice.sentence) == ("Declined", "ada has declined it: “Not before Christmas”")
    assert told(ada) == []
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert ("Declined", request.title) not in told(ed)


def test_what_one_has_taken_back_oneself_is_not_told(ed: Person, sale: Flag, guarded: Environment) -> None:
    withdraw(wanted(ed, sale, guarded, rollout_percentage=50), by=ed.actor)
    assert told(ed) == []


def test_what_could_not_be_published_at_its_time(ed: Person, vi: Person, sale: Flag, production: Environment) -> None:
    request = wanted(ed, sale, production, rollout_percentage=50)
    request.status, request.failure = ChangeRequest.Status.FAILED, "Somebody was faster."
    request.save()
    (notice,) = home(vi).context["notices"]
    assert (notice.kind, notice.sentence) == ("Not published", "Rollout 100 % → 50 %. Somebody was faster.")
    assert Desk(vi).client.get(notice.address).status_code == 200


def test_stale_flags_are_named_with_the_reason_and_the_rest_is_counted(
    vi: Person, shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    more_flags(shop, 4)
    FlagState.objects.update(updated_at=clock.now() - timedelta(days=100))
    monkeypatch.setattr(noticing, "MAX_STALE", 3)
    found = home(vi).context["notices"]
    assert [notice.title for notice in found] == ["flag-0", "flag-1", "flag-2", "1 more stale flag"]
    assert found[0].sentence == "Off in every environment, and nobody has changed it for 100 days."
    assert Desk(vi).client.get(found[-1].address).status_code == 200


@pytest.fixture
def _ramps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noticing, "_found_above", [])
    notices_found_by(
        lambda _, projects: [Notice("Ramp", "info", f"{one.key} at 10 %", "On its way.", "/") for one in projects]
    )


@pytest.mark.usefixtures("_ramps")
def test_an_app_above_hands_in_what_it_knows_of(vi: Person, shop: Project) -> None:
    assert told(vi) == [("Ramp", "shop at 10 %")]


def test_when_nothing_waits_it_says_so(vi: Person, sale: Flag) -> None:
    assert "Nothing waits for you." in home(vi).content.decode()


# --- at a glance -------------------------------------------------------------------------------------------------


def test_environments_at_a_glance(vi: Person, sale: Flag, banner: Flag, production: Environment) -> None:
    set_fields(sale, production, rollout_percentage=25)
    glances = {glance.environment.key: glance for glance in home(vi).context["glances"]}
    assert list(glances) == ["development", "staging", "production"]
    found = glances["production"]
    assert (found.on, found.some, found.off, found.flags) == (1, 1, 0, 2)
    assert [band[0] for band in found.bands] == ["on", "some"]
    assert found.last is not None
    assert found.last.number == found.environment.revision == 4
    assert (glances["staging"].on, glances["staging"].some, glances["staging"].off) == (0, 0, 2)
    assert home(vi).content.decode().count(">just now</time>") >= 3


def test_recent_changes_in_sentences_an_emergency_marked(
    ed: Person, vi: Person, sale: Flag, production: Environment
) -> None:
    set_fields(sale, production, rollout_percentage=25)
    turn_off_flag(project=sale.project, environment=production, key="sale", by=ed.actor)
    page = home(vi).content.decode()
    for words in ("Rollout 100 % → 25 %.", "Turned off.", "emergency"):
        assert words in page


def test_evaluations_of_the_last_day_by_hour(vi: Person, production: Environment, sale: Flag) -> None:
    assert "No SDK has reported" in home(vi).content.decode()
    now = clock.now().replace(second=0, microsecond=0)
    for hours, number in ((0, 3), (0.5, 4), (30, 1000)):
        minute = now - timedelta(hours=hours)
        count_evaluations(production, [Count("sale", "on", "FALLTHROUGH", number, minute)])
    page = home(vi)
    found = page.context["evaluations"]
    (dataset,) = orjson.loads(found["chart"])["datasets"]
    assert (found["total"], dataset["label"], sum(dataset["data"]), len(dataset["data"])) == ("7", "Production", 7, 24)
    assert len(found["rows"]) == 24
    assert "As a table" in page.content.decode()


def test_the_most_used_flags_lead_to_their_insights(vi: Person, production: Environment, sale: Flag) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    for key, variation, reason, number in (
        ("sale", "on", "OFF", 30),
        ("sale", None, "ERROR", 10),
        ("gone", None, "ERROR", 5),
    ):
        count_evaluations(production, [Count(key, variation, reason, number, minute)])
    page = home(vi)
    most = [
        (used["key"], used["pk"], used["number"], used["failed"]) for used in page.context["evaluations"]["most_used"]
    ]
    assert most == [("sale", sale.pk, "40", "25 %"), ("gone", None, "5", "100 %")]
    assert address("flags_flag_insights", sale.pk) in page.content.decode()


def test_what_a_day_of_evaluations_costs_does_not_grow_with_what_flags_were_evaluated_to(
    vi: Person, production: Environment, sale: Flag
) -> None:
    minute = clock.now().replace(second=0, microsecond=0)
    kinds = [(f"v{number}", reason) for number in range(20) for reason in ("FALLTHROUGH", "RULE_MATCH", "OFF")]
    ago = [timedelta(minutes=number) for number in range(3)]
    count_evaluations(production, [Count("sale", *kind, 1, minute - each) for kind in kinds for each in ago])
    desk = Desk(vi)
    with CaptureQueriesContext(connection) as captured:
        page = desk.get("index")
    assert page.context["evaluations"]["total"] == "180"
    assert HourTotal.objects.count() <= 2
    read = [each["sql"] for each in captured if "flags_hourcount" in each["sql"] or "evaluationcount" in each["sql"]]
    assert read == []  # the 180 rows of minutes are left alone


# --- for whom ----------------------------------------------------------------------------------------------------


def test_everybody_sees_their_own_projects_only(
    otto: Person, sam: Person, nina: Person, sale: Flag, production: Environment
) -> None:
    set_fields(sale, production, comment="secret", rollout_percentage=7)
    page = home(otto).content.decode()
    for words in ("sale", "7 %", "Staging", "Shop"):
        assert words not in page
    page = home(sam).content.decode()
    for words in ("sale", "7 %", "Shop", "Elsewhere"):
        assert words in page
    assert "You have no role in any project yet" in home(nina).content.decode()


def test_it_costs_the_same_however_much_there_is(ed: Person, ada: Person, shop: Project, guarded: Environment) -> None:
    desk = Desk(ada)

    def cost() -> int:
        desk.get("index")
        with CaptureQueriesContext(connection) as captured:
            desk.get("index")
        return len(captured)

    first = make(shop, "first", tags=["a"])
    wanted(ed, first, guarded, rollout_percentage=50)
    more_flags(shop, 1)
    FlagState.objects.update(updated_at=clock.now() - timedelta(days=100))
    few = cost()
    more_flags(shop, 30)
    FlagState.objects.update(updated_at=clock.now() - timedelta(days=100))
    for number in range(5):
        flag = make(shop, f"more-{number}")
        wanted(ed, flag, guarded, rollout_percentage=50)
    assert cost() == few <= 29


def test_what_people_wrote_is_shown_and_never_run(ed: Person, ada: Person, sale: Flag, guarded: Environment) -> None:
    script = "<script>alert(1)</script>"
    wanted(ed, sale, guarded, rules=[rule(equals("plan", script), name=script)])
    set_fields(sale, sale.project.environments.get(key="staging"), rules=[rule(equals("plan", script), name=script)])
    assert script not in home(ada).content.decode()
