"""Who may open which page of the admin: one table for every model and every role."""

from collections.abc import Callable
from typing import Any

import pytest
from auditlog.models import LogEntry
from django.db.models import Model
from django.test import Client

from accounts.models import Environment, Project, ServerKey
from accounts.services import issue_server_key
from flags.models import EvaluationCount, Flag, FlagState, Revision, TrackedEvent
from flags.services import create_flag
from flagsite.lib import clock
from rollouts.models import Ramp, RampTemplate
from rollouts.services import save_ramp_template, start_ramp
from segments.models import Segment
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, address
from tests.tables import undone

pytestmark = pytest.mark.django_db

EVERYBODY = {"sam", "ada", "ed", "vi", "nina"}
SEERS = {"sam", "ada", "ed", "vi"}
EDITORS = {"sam", "ada", "ed"}
MANAGERS = {"sam", "ada"}
SUPERUSERS = {"sam"}

ADDING = {
    "flags_flag": EDITORS,
    "segments_segment": EDITORS,
    "flags_revision": set(),
    "flags_changerequest": set(),
    "flags_evaluationcount": set(),
    "flags_trackedevent": set(),
    "rollouts_ramp": set(),
    "rollouts_ramptemplate": EDITORS,
    "accounts_project": SUPERUSERS,
    "accounts_environment": MANAGERS,
    "accounts_serverkey": MANAGERS,
    "accounts_apitoken": EVERYBODY,
    "accounts_user": SUPERUSERS,
    "accounts_invitation": MANAGERS,
    "auditlog_logentry": set(),
    "rollouts_webhook": MANAGERS,
    "rollouts_mailnotice": MANAGERS,
    "rollouts_delivery": set(),
}
"""Every page of the admin, and who may add there."""
OF_NOTICES = {"rollouts_webhook", "rollouts_mailnotice", "rollouts_delivery"}
"""What holds addresses, and secrets: only those who manage the project see it."""

CHANGING: dict[type[Model], set[str]] = {
    Flag: EDITORS,
    Segment: EDITORS,
    Revision: set(),
    EvaluationCount: set(),
    TrackedEvent: set(),
    Ramp: set(),
    RampTemplate: EDITORS,
    Project: MANAGERS,
    Environment: MANAGERS,
    ServerKey: MANAGERS,
    LogEntry: set(),
}
DELETING = {Flag: EDITORS, Segment: EDITORS, RampTemplate: EDITORS}
DESK = ("flags_flag_tester", "flags_flag_compare")
"""Pages about flags that are neither list nor form: whoever sees a project reads them."""


@pytest.fixture
def person(request: pytest.FixtureRequest) -> Callable[[str], Person]:
    found: Callable[[str], Person] = request.getfixturevalue
    return found


@pytest.fixture
def everything(shop: Project, production: Environment) -> dict[type[Model], Model]:
    """One row of each model, all of the shop."""
    fields: Any = {"type": "boolean"}
    state: FlagState = create_flag(project=shop, environment=production, key="sale", fields=fields, by=SYSTEM)
    segment = create_segment(project=shop, key="staff", fields={"included": ["user-1"]}, by=SYSTEM)
    key, _ = issue_server_key(environment=production, name="Web", by=SYSTEM)
    minute = clock.now().replace(second=0, microsecond=0)
    count = EvaluationCount(environment=production, flag_key="sale", variation="on", minute=minute, count=3)
    count.save()
    event = TrackedEvent(environment=production, name="purchase", context_id="user-1", time=minute)
    event.save()
    revision = Revision.objects.filter(environment=production).latest("number")
    entry = LogEntry.objects.filter(additional_data__project=shop.key).latest("pk")
    ramp = start_ramp(
        project=shop, environment=production, key="sale", steps=[{"percentage": 5}], turn_on=True, by=SYSTEM
    )
    template = save_ramp_template(project=shop, key="ours", steps=[{"percentage": 5}], by=SYSTEM)
    rows: list[Model] = [shop, production, state.flag, segment, key, count, event, revision, entry, ramp, template]
    return {type(row): row for row in rows}


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_a_list_opens_for_those_who_see_the_project(
    name: str, person: Callable[[str], Person], everything: Any, subtests: pytest.Subtests
) -> None:
    desk = Desk(person(name))
    for page in ADDING:
        allowed = MANAGERS if page in OF_NOTICES else EVERYBODY if page == "accounts_apitoken" else SEERS
        with subtests.test(page):
            assert desk.get(f"{page}_changelist").status_code == (200 if name in allowed else 403)


def test_a_list_takes_no_action_from_those_who_are_offered_none(
    vi: Person, everything: dict[type[Model], Model], subtests: pytest.Subtests
) -> None:
    desk, flag = Desk(vi), everything[Flag]
    for page in ADDING:
        with subtests.test(page):
            answer = desk.post(f"{page}_changelist", action="turn_on", _selected_action=flag.pk)
            assert answer.status_code == 403


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_a_page_of_the_desk_opens_for_those_who_see_a_project(
    name: str, person: Callable[[str], Person], everything: Any, subtests: pytest.Subtests
) -> None:
    desk = Desk(person(name))
    for page in DESK:
        with subtests.test(page):
            assert (desk.get(page).status_code == 200) is (name in SEERS)


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_adding_is_for_those_whose_role_allows_it(
    name: str, person: Callable[[str], Person], shop: Project, subtests: pytest.Subtests
) -> None:
    desk = Desk(person(name))
    for page, allowed in ADDING.items():
        wanted = 200 if name in allowed else 403
        with subtests.test(page):
            assert desk.get(f"{page}_add").status_code == wanted
            assert desk.post(f"{page}_add").status_code == wanted  # forged: nothing is filled in


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_a_row_is_read_by_those_who_see_it_and_changed_by_those_who_may(
    name: str, person: Callable[[str], Person], everything: Any, subtests: pytest.Subtests
) -> None:
    desk = Desk(person(name))
    for model, changed_by in CHANGING.items():
        row, page = everything[model], f"{model._meta.app_label}_{model._meta.model_name}_change"
        with subtests.test(page), undone():
            read, changed = desk.get(page, row.pk).status_code, desk.post(page, row.pk).status_code
            if name == "nina":
                assert read in {302, 403}
                assert changed in {403, 404}
            else:
                assert read == 200
                assert changed == (403 if name not in changed_by else 200 if model is not ServerKey else 302)


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_deleting_is_for_editors_of_flags_and_segments(
    name: str, person: Callable[[str], Person], everything: Any, subtests: pytest.Subtests
) -> None:
    desk = Desk(person(name))
    for model in CHANGING:
        row, allowed = everything[model], name in DELETING.get(model, set())
        with subtests.test(model._meta.label), undone():
            answer = desk.delete(row)
            assert answer.status_code == (302 if allowed else 404 if name == "nina" else 403)
            if allowed and model is not RampTemplate:  # a template goes at once
                desk.publish(answer)
            assert model._default_manager.filter(pk=row.pk).exists() is not allowed


def test_people_of_another_project_see_nothing_of_this_one(
    otto: Person, everything: Any, subtests: pytest.Subtests
) -> None:
    desk = Desk(otto)
    for model in CHANGING:
        row, page = everything[model], f"{model._meta.app_label}_{model._meta.model_name}"
        with subtests.test(page), undone():
            assert row not in desk.rows(page)
            assert desk.open(row).headers["Location"] == address("index")
            assert desk.post(f"{page}_change", row.pk).status_code == 404
            assert desk.delete(row).status_code == 404
            assert desk.get(f"{page}_history", row.pk).status_code == 404


@pytest.mark.parametrize("page", ["flags_flag", "segments_segment", "accounts_environment", "accounts_serverkey"])
def test_filters_and_choices_name_nobody_else_s_projects(page: str, otto: Person, everything: Any) -> None:
    desk = Desk(otto)
    assert b"Shop" not in desk.get(f"{page}_changelist").content
    assert b"Shop" not in desk.get(f"{page}_add").content


def test_the_sidebar_offers_what_one_may_open(vi: Person, nina: Person) -> None:
    def offered(person: Person) -> set[str]:
        groups = Desk(person).get("index").context["sidebar_navigation"]
        return {item["title"] for group in groups for item in group["items"]}

    assert offered(nina) == {"API tokens"}
    assert {"Flags", "Segments", "History", "Revisions", "Audit log", "People"} <= offered(vi)


def test_nobody_gets_in_without_signing_in(everything: dict[type[Model], Model]) -> None:
    assert Client().get("/admin/login/").status_code == 200
    for page in ADDING:
        assert Client().get(address(f"{page}_changelist")).status_code == 302
        assert Client().post(address(f"{page}_add")).status_code == 302


def test_somebody_made_inactive_is_out(vi: Person) -> None:
    desk = Desk(vi)
    vi.user.is_active = False
    vi.user.save()
    assert desk.get("flags_flag_changelist").status_code == 302


@pytest.mark.parametrize(
    "page", ["flags_flag", "segments_segment", "flags_revision", "auditlog_logentry", "accounts_user"]
)
@pytest.mark.parametrize("query", [{"project": "\0"}, {"q": "\0"}, {"project": "nowhere"}, {"p": "999"}, {"id": "x"}])
def test_nonsense_in_the_address_is_no_failure(page: str, query: dict[str, str], ada: Person) -> None:
    assert Desk(ada).get(f"{page}_changelist", **query).status_code in {200, 302}
