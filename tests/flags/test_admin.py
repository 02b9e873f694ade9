"""Flags in the admin: one page, one save, one revision for each environment that changes."""

from typing import Any

import orjson
import pytest
from auditlog.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from accounts.services import create_project
from flags.models import Flag, FlagState, Revision
from flags.services import create_flag, open_environment, update_flag
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, errors_in, form_in, messages_in
from tests.flags.builders import equals, rule
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(ed: Person) -> Desk:
    return Desk(ed)


def make(project: Project, key: str, **fields: Any) -> Flag:
    environment = project.environments.get(key="production")
    given: Any = {"type": "boolean", "enabled": True, **fields}
    state: FlagState = create_flag(project=project, environment=environment, key=key, fields=given, by=SYSTEM)
    return state.flag


@pytest.fixture
def sale(shop: Project) -> Flag:
    return make(shop, "sale", tags=["marketing"])


@pytest.fixture
def banner(shop: Project) -> Flag:
    variations = [{"key": key, "value": f"Text {key}", "name": key.upper()} for key in ("a", "b", "c")]
    return make(shop, "banner", type="string", variations=variations)


def in_(environment: Environment, **fields: Any) -> dict[str, Any]:
    """The fields of one environment's tab."""
    return {f"state_{environment.pk}_{name}": value for name, value in fields.items()}


def state(flag: Flag, environment: Environment) -> FlagState:
    return FlagState.objects.get(flag=flag, environment=environment)


def heads(project: Project) -> dict[str, int]:
    return dict(project.environments.values_list("key", "revision"))


# --- adding ------------------------------------------------------------------------------------------------------------


def test_a_new_flag_is_off_everywhere_and_leads_to_its_page(desk: Desk, shop: Project) -> None:
    answer = desk.add("flags_flag", key="sale", type="boolean", tags="a, b,a", comment="For spring")
    flag = Flag.objects.get(key="sale")
    assert answer.headers["Location"] == f"/admin/flags/flag/{flag.pk}/change/"
    assert flag.tag_names() == ["a", "b"]
    assert not flag.states.filter(enabled=True).exists()
    revision = Revision.objects.filter(environment__key="production").latest("number")
    assert (revision.actor_label, revision.source, revision.comment) == ("ed", "admin", "For spring")
    entry = LogEntry.objects.latest("pk")
    assert (entry.additional_data["source"], entry.additional_data["actor"]) == ("admin", "ed")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("key", "Not a key"),
        ("key", "sale"),
        ("type", "colour"),
        ("tags", "x" * 65),
        ("tags", ",".join(str(n) for n in range(21))),
        ("variations", "[{]"),
        ("variations", "[]"),
        ("variations", "{}"),
        ("variations", "[1]"),
        ("variations", '[{"key": "on", "value": "yes"}]'),
        ("variations", '[{"key": "on", "value": true}, {"key": "on", "value": false}]'),
        ("variations", '[{"key": "on", "value": true, "colour": 1}]'),
    ],
)
def test_what_cannot_be_a_flag_is_said_at_its_field(field: str, text: str, desk: Desk, sale: Flag) -> None:
    with nothing_changes():
        assert field in errors_in(desk.add("flags_flag", **{"key": "new", "type": "boolean", field: text}))


def test_a_project_without_environments_has_no_flags_yet(ada: Person, sam: Person) -> None:
    project = create_project(key="empty", name="Empty", by=sam.actor)
    desk = Desk(sam)
    with nothing_changes():
        answer = desk.add("flags_flag", project=project.pk, key="sale", type="boolean")
        assert "no environment yet" in str(errors_in(answer)["__all__"])


# --- changing ----------------------------------------------------------------------------------------------------------


def test_an_untouched_page_changes_nothing(desk: Desk, sale: Flag, banner: Flag) -> None:
    with nothing_changes():
        assert desk.save(sale).status_code == 302
        assert desk.save(banner).status_code == 302


def test_one_save_makes_one_revision_in_each_environment_that_changes(
    desk: Desk, sale: Flag, development: Environment, production: Environment
) -> None:
    project, before = sale.project, heads(sale.project)
    rules = orjson.dumps([rule(equals("country", "US"), name="US")]).decode()
    changes = {**in_(development, enabled="on"), **in_(production, rules=rules, rollout_percentage="33.333")}
    assert desk.save(sale, **changes, comment="Try it").status_code == 302
    after = heads(project)
    assert {key: after[key] - before[key] for key in after} == {"development": 1, "staging": 0, "production": 1}
    assert state(sale, development).enabled is True
    assert state(sale, production).rules == [{"id": "us", **rule(equals("country", "US"), name="US")}]
    revision = Revision.objects.get(environment=production, number=after["production"])
    assert (revision.source, revision.comment, revision.actor_label) == ("admin", "Try it", "ed")
    assert orjson.loads(revision.delta)["flags"]["sale"]["rollout_percentage"] == 33.333
    audited = LogEntry.objects.filter(additional_data__comment="Try it")
    assert {entry.additional_data["environment"] for entry in audited} == {"development", "production"}
    assert {entry.additional_data["source"] for entry in audited} == {"admin"}


def test_what_environments_share_is_changed_without_touching_what_sdks_hold(desk: Desk, sale: Flag) -> None:
    before = heads(sale.project)
    changes = {"name": "Spring sale", "tags": "spring", "description": "Half price", "key": "other", "type": "json"}
    assert desk.save(sale, **changes).status_code == 302
    sale.refresh_from_db()
    assert (sale.key, sale.type, sale.name, sale.tag_names()) == ("sale", "boolean", "Spring sale", ["spring"])
    assert heads(sale.project) == before


def test_a_variation_can_go_together_with_what_served_it(
    desk: Desk, banner: Flag, production: Environment, development: Environment
) -> None:
    staging = production.project.environments.get(key="staging")
    left = '[{"key": "b", "value": "Text b"}, {"key": "c", "value": "Text c"}]'
    with nothing_changes():
        refused = errors_in(desk.save(banner, variations=left))
        assert refused.keys() == {
            f"state_{each.pk}_{name}"
            for each in (development, staging, production)
            for name in ("off_variation", "fallthrough")
        }
    tabs = [
        in_(each, off_variation="b", fallthrough='{"variation": "c"}') for each in (development, staging, production)
    ]
    before = heads(banner.project)
    assert desk.save(banner, variations=left, **tabs[0], **tabs[1], **tabs[2]).status_code == 302
    assert {key: head - before[key] for key, head in heads(banner.project).items()} == dict.fromkeys(before, 1)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("rules", "[{", "not valid JSON"),
        ("rules", '[{"serve": {"variation": "on"}}]', "[0]"),
        ("rules", '[{"if": {"segment": "nowhere"}, "serve": {"variation": "on"}}]', "no segment `nowhere`"),
        ("rules", '[{"if": {"everyone": true}, "serve": {"variation": "x"}}]', "[0].serve.variation"),
        ("rules", '{"everyone": true}', ""),
        ("rules", '[{"if": {"attribute": "a", "operator": "regex", "value": "("}, "serve": {"variation": "on"}}]', ""),
        ("fallthrough", "", "required"),
        ("fallthrough", '{"split": [{"variation": "on", "weight": 99}]}', "100"),
        ("off_variation", "maybe", "maybe"),
        ("off_variation", "", "required"),
        ("rollout_percentage", "100.001", "100"),
        ("rollout_percentage", "0.0001", "3 decimal"),
        ("rollout_percentage", "NaN", ""),
        ("targets", '[{"variation": "on", "ids": [1]}]', "[0].ids"),
        ("prerequisites", '[{"flag": "nowhere", "variation": "on"}]', "no flag `nowhere`"),
        ("prerequisites", '[{"flag": "sale", "variation": "on"}]', "circle"),
    ],
)
def test_what_cannot_be_published_is_said_in_its_environment(
    field: str, text: str, said: str, desk: Desk, sale: Flag, production: Environment, development: Environment
) -> None:
    changes = {**in_(production, **{field: text}), **in_(development, enabled="on")}
    with nothing_changes():
        answer = desk.save(sale, name="Changed too", **changes)
        errors = errors_in(answer)
    assert errors.keys() == {f"state_{production.pk}_{field}"}, errors
    assert said in str(errors)
    assert form_in(answer)["name"].value() == "Changed too"


def test_mistakes_in_several_environments_are_all_said(
    desk: Desk, sale: Flag, production: Environment, development: Environment
) -> None:
    changes = {**in_(production, off_variation="x"), **in_(development, off_variation="y")}
    errors = errors_in(desk.save(sale, **changes))
    assert errors.keys() == {f"state_{each.pk}_off_variation" for each in (production, development)}


@pytest.mark.parametrize("variations", ['[{"key": "on", "value": 1}]', "[]", "null"])
def test_bad_variations_are_said_once_where_they_are(variations: str, desk: Desk, sale: Flag) -> None:
    with nothing_changes():
        assert "variations" in errors_in(desk.save(sale, variations=variations))


def test_a_flag_that_somebody_else_changed_is_not_overwritten(
    desk: Desk, sale: Flag, shop: Project, production: Environment, development: Environment
) -> None:
    shown = desk.shown(sale)
    update_flag(project=shop, environment=production, key="sale", fields={"rollout_percentage": 5}, by=SYSTEM)
    with nothing_changes():
        answer = desk.post("flags_flag_change", sale.pk, **{**shown, **in_(development, enabled="on")})
    assert "changed the flag since you opened it, in: production" in str(errors_in(answer)["__all__"])
    again = desk.post("flags_flag_change", sale.pk, **as_sent_again(answer))
    assert again.status_code == 200, "sending it once more does not help"


def as_sent_again(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in form_in(answer).data.items() if value}


def test_an_environment_opened_in_between_makes_the_page_stale(desk: Desk, sale: Flag, shop: Project) -> None:
    shown = desk.shown(sale)
    open_environment(project=shop, key="canary", name="Canary", by=SYSTEM)
    with nothing_changes():
        assert desk.post("flags_flag_change", sale.pk, **{**shown, "name": "New"}).status_code == 200


def test_a_page_without_versions_is_refused(desk: Desk, sale: Flag) -> None:
    sent = {name: value for name, value in desk.shown(sale).items() if not name.endswith("_version")}
    with nothing_changes():
        assert "since you opened it" in str(errors_in(desk.post("flags_flag_change", sale.pk, **sent)))


def test_turning_a_value_from_one_into_true_is_a_change(desk: Desk, shop: Project) -> None:
    flag = make(shop, "settings", type="json", variations=[{"key": "a", "value": {"size": 1}}])
    assert desk.save(flag, variations='[{"key": "a", "value": {"size": true}}]').status_code == 302
    flag.refresh_from_db()
    assert flag.variations[0]["value"] == {"size": True}


# --- reading and deleting ------------------------------------------------------------------------------------------------


def test_a_viewer_reads_everything_without_a_form(vi: Person, sale: Flag, production: Environment) -> None:
    change: Any = {"rules": [rule(equals("country", "Atlantis"))], "rollout_percentage": 12.5}
    update_flag(project=sale.project, environment=production, key="sale", fields=change, by=SYSTEM)
    page = Desk(vi).open(sale).content.decode()
    for text in ("Atlantis", "12.5", "marketing", "Production (production)"):
        assert text in page
    assert "<textarea" not in page


def test_the_list_says_what_a_flag_does_where(desk: Desk, sale: Flag, shop: Project, production: Environment) -> None:
    change: Any = {"rules": [rule(equals("country", "US"))], "rollout_percentage": 25}
    update_flag(project=shop, environment=production, key="sale", fields=change, by=SYSTEM)
    page = desk.get("flags_flag_changelist").content.decode()
    assert "development: off" in page
    assert "production: 25 % · 1 rule" in page


def test_the_list_is_searched_and_filtered(desk: Desk, sale: Flag, banner: Flag) -> None:
    assert desk.rows("flags_flag", tag="marketing") == [sale]
    assert desk.rows("flags_flag", q="bann") == [banner]
    assert desk.rows("flags_flag", project="shop") == [banner, sale]
    assert desk.rows("flags_flag", tag="nothing") == []


def test_the_list_takes_as_many_queries_for_many_as_for_few(desk: Desk, sale: Flag, shop: Project) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.rows("flags_flag")
        return len(captured)

    queries()
    few = queries()
    for number in range(15):
        make(shop, f"flag-{number}", tags=["one", "two"], prerequisites=[{"flag": "sale", "variation": "on"}])
    assert queries() == few


def test_history_leads_to_the_revisions_of_the_flag(desk: Desk, sale: Flag, banner: Flag) -> None:
    answer = desk.get("flags_flag_history", sale.pk)
    page = desk.client.get(answer.headers["Location"])
    revisions = list(page.context["cl"].result_list)
    assert len(revisions) == 3
    assert {item.key for revision in revisions for item in revision.items.all()} == {"sale"}
    assert "sale" in desk.open(revisions[0]).content.decode()


def test_a_deleted_flag_is_gone_everywhere_and_its_history_stays(desk: Desk, sale: Flag) -> None:
    before = heads(sale.project)
    assert desk.delete(sale).status_code == 302
    assert not Flag.objects.filter(key="sale").exists()
    assert {key: head - before[key] for key, head in heads(sale.project).items()} == dict.fromkeys(before, 1)
    assert LogEntry.objects.latest("pk").additional_data["source"] == "admin"


def test_a_flag_that_another_requires_is_kept_and_the_message_says_by_which(desk: Desk, sale: Flag) -> None:
    make(sale.project, "basket", prerequisites=[{"flag": "sale", "variation": "on"}])
    with nothing_changes():
        answer = desk.delete(sale)
    assert any("in use" in message for message in messages_in(desk.client.get(answer.headers["Location"])))


def test_there_is_no_bulk_deletion_past_the_services(desk: Desk, sale: Flag) -> None:
    with nothing_changes():
        desk.post("flags_flag_changelist", action="delete_selected", _selected_action=sale.pk, post="yes")


def test_a_flag_may_name_a_segment(desk: Desk, sale: Flag, production: Environment) -> None:
    create_segment(project=sale.project, key="staff", fields={"included": ["a"]}, by=SYSTEM)
    rules = orjson.dumps([rule({"segment": "staff"})]).decode()
    assert desk.save(sale, **in_(production, rules=rules)).status_code == 302
    assert state(sale, production).segment_uses.count() == 1
