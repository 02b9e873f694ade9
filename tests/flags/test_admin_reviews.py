"""The review of a change request in the admin: what it says, and what may be done there by whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags import recording
from flags.editing.edits import FlagEdit
from flags.models import ChangeRequest, Flag, Revision
from flags.services import propose
from flagsite.lib import clock
from tests.conftest import Person
from tests.desk import Desk, address, as_browser, errors_in, form_in
from tests.flags.builders import equals, make, rule, set_fields, state_of
from tests.tables import nothing_changes

PAGE, STEPS = "flags_changerequest_change", ("publish", "approve", "decline", "withdraw", "merge")


@pytest.fixture
def checkout(shop: Project) -> Flag:
    return make(shop, "checkout", name="<b>Checkout</b>")


@pytest.fixture
def wanted(ed: Person, checkout: Flag, production: Environment) -> ChangeRequest:
    """Ed wants half of the users in production."""
    return proposed(ed, checkout, production, rollout_percentage=50)


def proposed(person: Person, flag: Flag, environment: Environment, **fields: Any) -> ChangeRequest:
    version = state_of(flag, environment).version
    edit = FlagEdit(flag.key, states={environment.key: fields}, versions={environment.key: version})
    return propose(project=flag.project, edits=[edit], by=person.actor)


def do(desk: Desk, step: str, change_request: ChangeRequest, **data: Any) -> Any:
    return desk.post(f"flags_changerequest_{step}", change_request.pk, version=change_request.version, **data)


def shown(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    text: str = answer.content.decode()
    return text


def test_the_review_says_in_sentences_what_will_change_and_where(ed: Person, wanted: ChangeRequest) -> None:
    page = Desk(ed).get(PAGE, wanted.pk)
    (told,) = page.context["review"].told
    assert ([each.key for each in told.environments], told.sentences) == (["production"], ("Rollout 100 % → 50 %.",))
    for words in ("What will change", "Rollout 100 % → 50 %.", "proposed by ed", "Publish", "Before and after"):
        assert words in shown(page)


def test_publishing_now(ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment) -> None:
    do(Desk(ed), "publish", wanted, comment="Half")
    assert state_of(checkout, production).rollout_percentage == 50
    revision = Revision.objects.get(change_request=wanted)
    assert (revision.comment, revision.source, revision.actor_label) == ("Half", "admin", "ed")
    assert "What changed" in shown(Desk(ed).get(PAGE, wanted.pk))


def test_publishing_at_a_moment(ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment) -> None:
    at = (clock.now() + timedelta(days=1)).replace(second=0, microsecond=0)
    do(Desk(ed), "publish", wanted, at=f"{at:%Y-%m-%dT%H:%M}")
    wanted.refresh_from_db()
    assert (wanted.status, wanted.publish_at) == ("scheduled", at)
    assert state_of(checkout, production).rollout_percentage == 100
    page = shown(Desk(ed).get(PAGE, wanted.pk))
    assert "Will be published" in page
    assert "Do not publish at that time" in page
    do(Desk(ed), "unschedule", wanted)
    page = shown(Desk(ed).get(PAGE, wanted.pk))
    assert "Will be published" not in page
    assert "Do not publish at that time" not in page


def test_a_moment_that_has_passed_is_refused_where_it_was_typed(ed: Person, wanted: ChangeRequest) -> None:
    answer = do(Desk(ed), "publish", wanted, at="2020-01-01T10:00", comment="Why I want it")
    assert "The moment has passed." in shown(answer)
    assert "Why I want it" in shown(answer)


def test_a_protected_environment_asks_for_the_reason(
    ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    production.is_protected = True
    production.save()
    desk = Desk(ed)
    assert "(required: Production is protected)" in shown(desk.get(PAGE, wanted.pk))
    assert "is protected: say why" in shown(do(desk, "publish", wanted))
    do(desk, "publish", wanted, comment="Half of them")
    assert state_of(checkout, production).rollout_percentage == 50


def test_an_approval_is_asked_for_given_by_another_and_shown(
    ed: Person, ada: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    production.requires_approval = True
    production.save()
    assert "You had a hand in it, so you cannot." in shown(Desk(ed).get(PAGE, wanted.pk))
    assert do(Desk(ed), "approve", wanted).status_code == 403
    assert "Nobody has approved this change" in shown(do(Desk(ed), "publish", wanted))
    assert "Approve this change" in shown(Desk(ada).get(PAGE, wanted.pk))
    do(Desk(ada), "approve", wanted, comment="Fine")
    do(Desk(ed), "publish", wanted)
    assert state_of(checkout, production).rollout_percentage == 50
    assert Revision.objects.get(change_request=wanted).approved_by == "ada"


def test_who_has_approved_is_not_asked_again(
    ada: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    production.requires_approval = True
    production.save()
    do(Desk(ada), "approve", wanted)
    page = shown(Desk(ada).get(PAGE, wanted.pk))
    assert "approved it" in page
    assert "Approve this change" not in page


def test_what_was_seen_is_what_is_published(ed: Person, wanted: ChangeRequest) -> None:
    desk = Desk(ed)
    with nothing_changes():
        answer = desk.post("flags_changerequest_publish", wanted.pk, version=7)
    assert "is at version 1, not 7" in shown(answer)


def test_a_conflict_shows_both_changes_and_is_merged(
    ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    set_fields(checkout, production, "Careful", rollout_percentage=5, rules=[rule(equals("plan", "pro"), name="Pro")])
    desk = Desk(ed)
    page = desk.get(PAGE, wanted.pk)
    for words in ("Somebody published in between", "Rollout 100 % → 5 %.", "Rollout 100 % → 50 %.", "Careful"):
        assert words in shown(page)
    assert "requires an approval" not in shown(page)  # whether it does is known once it is merged
    ((_, (choice,)),) = page.context["review"].collisions
    assert (choice.mine, choice.theirs) == ("50", "5")
    assert "Both changed this; choose one." in shown(do(desk, "merge", wanted))
    do(desk, "merge", wanted, **{choice.name: "mine"})
    wanted.refresh_from_db()
    (told,) = desk.get(PAGE, wanted.pk).context["review"].told
    assert told.sentences == ("Rollout 5 % → 50 %.",)
    do(desk, "publish", wanted)
    state = state_of(checkout, production)
    assert (state.rollout_percentage == 50, len(state.rules)) == (True, 1)


def test_what_is_served_is_told_in_words_where_somebody_has_to_choose(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    halves = {"split": [{"variation": "on", "weight": 33.333}, {"variation": "off", "weight": 66.667}]}
    wanted = proposed(ed, checkout, production, fallthrough=halves)
    set_fields(checkout, production, fallthrough={"variation": "off"})
    ((_, (choice,)),) = Desk(ed).get(PAGE, wanted.pk).context["review"].collisions
    assert (choice.mine, choice.theirs) == ('"on" 33.333 % and "off" 66.667 %', '"off"')


def test_a_viewer_reads_the_review_and_is_offered_nothing(vi: Person, wanted: ChangeRequest) -> None:
    desk = Desk(vi)
    page = shown(desk.get(PAGE, wanted.pk))
    assert "Rollout 100 % → 50 %." in page
    for words in ("Publish", "Withdraw", "Decline", "Approve this change"):
        assert words not in page
    with nothing_changes():
        assert [do(desk, step, wanted).status_code for step in STEPS] == [403] * len(STEPS)


def test_nobody_else_s_requests_are_found(otto: Person, nina: Person, wanted: ChangeRequest) -> None:
    desks = [Desk(otto), Desk(nina)]
    with nothing_changes():
        for desk in desks:
            assert {do(desk, step, wanted).status_code for step in STEPS} <= {403, 404}
    assert Desk(otto).rows("flags_changerequest") == []


@pytest.mark.parametrize("step", STEPS)
def test_nothing_happens_by_following_a_link(ed: Person, wanted: ChangeRequest, step: str) -> None:
    assert Desk(ed).get(f"flags_changerequest_{step}", wanted.pk).status_code == 405


def test_names_are_shown_as_they_were_typed(
    ed: Person, checkout: Flag, production: Environment, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    script = "<script>alert(1)</script>"
    request = proposed(ed, checkout, production, rules=[rule(equals("plan", script), name=script)])
    with django_assert_max_num_queries(90):
        assert script not in shown(Desk(ed).get(PAGE, request.pk))


def test_the_review_says_who_gains_and_who_loses_and_what_is_odd(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    everyone = rule({"everyone": True}, name="Everyone")
    never = rule(equals("plan", "pro"), "off", name="Pro")
    request = proposed(ed, checkout, production, rollout_percentage=25, rules=[everyone, never])
    (effect,) = Desk(ed).get(PAGE, request.pk).context["effects"]
    assert (effect.flags, effect.anyone_loses, effect.contexts) == ([], False, 0)  # the first rule has them all
    assert any(warning.says.startswith("Rule 2 never decides") for warning in effect.warnings)


def test_what_a_split_takes_from_those_whom_its_gate_lets_in_is_told(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    thirds = {"split": [{"variation": "on", "weight": 66.667}, {"variation": "off", "weight": 33.333}]}
    request = proposed(ed, checkout, production, rules=[rule(equals("plan", "pro"), name="Pro") | {"serve": thirds}])
    (effect,) = Desk(ed).get(PAGE, request.pk).context["effects"]
    sentences = [sentence for flag in effect.flags for stage in flag.stages for sentence in stage.sentences]
    assert sentences == ['Rule "Pro": of those whom it matches 33.333 % lose.']


def told(ed: Person, flag: Flag, environment: Environment, **fields: Any) -> list[str]:
    """What the review says of the buckets, and then of whether anybody loses."""
    page = Desk(ed).get(PAGE, proposed(ed, flag, environment, **fields).pk)
    (effect,) = page.context["effects"]
    sentences = [sentence for each in effect.flags for stage in each.stages for sentence in stage.sentences]
    answer = next(words for words in ("somebody may lose", "Somebody loses", "Nobody loses") if words in shown(page))
    return [*sentences, answer]


def test_a_new_rule_is_compared_with_what_lies_below_it(ed: Person, checkout: Flag, production: Environment) -> None:
    def americans(variation: str) -> dict[str, Any]:
        return rule(equals("country", "US"), variation, name="US", id="us")

    assert told(ed, checkout, production, rules=[americans("on")]) == ["Nobody loses"]
    set_fields(checkout, production, rollout_percentage=12.5)
    takes = 'Rule "US": of those whom it matches 12.5 % lose.'
    assert told(ed, checkout, production, rules=[americans("off")]) == [takes, "somebody may lose"]
    payers = rule(equals("plan", "pro"), "on", name="Pro", id="pro")
    set_fields(checkout, production, rules=[payers])
    assert told(ed, checkout, production, rules=[americans("off"), payers]) == [
        'Rule "US": of those whom it matches at most 100 % lose.',
        'Rule "US": how many depends on which other rules match them.',
        "somebody may lose",
    ]


def test_contexts_seen_last_are_decided_before_and_after(
    ed: Person, checkout: Flag, production: Environment, sdk: APIClient
) -> None:
    for number in range(40):
        assert sdk.post("/evaluate", {"flag_key": "checkout", "context": {"id": f"user-{number}"}}).status_code == 200
    recording.flush()
    request = proposed(ed, checkout, production, rollout_percentage=25)
    (effect,) = Desk(ed).get(PAGE, request.pk).context["effects"]
    ((moved,),) = (flag.moved for flag in effect.flags)
    assert (effect.contexts, effect.touched, moved.before, moved.after, moved.kind) == (
        40,
        moved.count,
        "on",
        "off",
        "lose",
    )
    assert 20 < moved.count < 40


def test_a_request_is_edited_where_it_began_and_becomes_another_version(
    ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    desk = Desk(ed)
    page = desk.get(PAGE, wanted.pk).context["edit_address"]
    assert "You are editing the change request" in shown(desk.client.get(page))
    shown_form = as_browser(form_in(desk.client.get(page)))
    percentage = f"state_{production.pk}_rollout_percentage"
    assert shown_form[percentage] == 50
    saved = desk.client.post(page, {**shown_form, percentage: "20"})
    (told,) = desk.review(saved).context["review"].told
    wanted.refresh_from_db()
    assert (told.sentences, wanted.version, ChangeRequest.objects.count()) == (("Rollout 100 % → 20 %.",), 2, 1)


def test_what_somebody_published_meanwhile_is_not_overwritten_by_editing(
    ed: Person, wanted: ChangeRequest, checkout: Flag, production: Environment
) -> None:
    desk = Desk(ed)
    page = desk.get(PAGE, wanted.pk).context["edit_address"]
    set_fields(checkout, production, enabled=False)
    shown_form = as_browser(form_in(desk.client.get(page)))
    with nothing_changes():
        refused = desk.client.post(page, shown_form)
    assert "since you opened it" in str(errors_in(refused))


def test_editing_somebody_else_s_or_no_request_is_an_ordinary_visit(
    ed: Person, checkout: Flag, production: Environment
) -> None:
    page = Desk(ed).client.get(f"{address('flags_flag_change', checkout.pk)}?revising=999")
    assert as_browser(form_in(page))[f"state_{production.pk}_rollout_percentage"] == 100
