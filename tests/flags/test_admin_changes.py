"""Flags in the admin: one page, one save, one review, one revision for each environment that changes."""

from typing import Any

import orjson
import pytest
from auditlog.models import LogEntry

from accounts.models import Environment, Project
from flags.models import Flag, Revision
from flags.services import open_environment, update_flag
from tests.conftest import SYSTEM
from tests.desk import Desk, errors_in, form_in
from tests.flags.builders import equals, heads, in_, make, rule, state_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db


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
    saved = desk.save(sale, **changes, comment="Try it")
    assert heads(project) == before, "nothing has changed before it was reviewed"
    desk.publish(saved, comment="Try it")
    after = heads(project)
    assert {key: after[key] - before[key] for key in after} == {"development": 1, "staging": 0, "production": 1}
    assert state_of(sale, development).enabled is True
    assert state_of(sale, production).rules == [{"id": "us", **rule(equals("country", "US"), name="US")}]
    revision = Revision.objects.get(environment=production, number=after["production"])
    assert (revision.source, revision.comment, revision.actor_label) == ("admin", "Try it", "ed")
    assert orjson.loads(revision.delta)["flags"]["sale"]["rollout_percentage"] == 33.333
    audited = LogEntry.objects.filter(additional_data__comment="Try it")
    assert {entry.additional_data["environment"] for entry in audited} == {"development", "production"}
    assert {entry.additional_data["source"] for entry in audited} == {"admin"}


def test_what_environments_share_is_changed_without_touching_what_sdks_hold(desk: Desk, sale: Flag) -> None:
    before = heads(sale.project)
    changes = {"name": "Spring sale", "tags": "spring", "description": "Half price", "key": "other", "type": "json"}
    desk.publish(desk.save(sale, **changes))
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
    desk.publish(desk.save(banner, variations=left, **tabs[0], **tabs[1], **tabs[2]))
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
        ("prerequisites", '[{"flag": "sale", "variation": "on"}]', "its own prerequisite"),
    ],
)
def test_what_cannot_be_published_is_said_in_its_environment(
    field: str, text: str, said: str, desk: Desk, sale: Flag
) -> None:
    development, _, production = sale.project.environments.all()
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


def test_a_page_without_versions_is_refused(desk: Desk, sale: Flag, production: Environment) -> None:
    sent = {name: value for name, value in desk.shown(sale).items() if not name.endswith("_version")}
    sent |= in_(production, rollout_percentage="5")
    with nothing_changes():
        answer = desk.post("flags_flag_change", sale.pk, **{**sent, "name": "New"})
        assert "since you opened it" in str(errors_in(answer))


def test_turning_a_value_from_one_into_true_is_a_change(desk: Desk, shop: Project) -> None:
    flag = make(shop, "settings", type="json", variations=[{"key": "a", "value": {"size": 1}}])
    desk.publish(desk.save(flag, variations='[{"key": "a", "value": {"size": true}}]'))
    flag.refresh_from_db()
    assert flag.variations[0]["value"] == {"size": True}
