"""Who answers for a flag: set, changed, refused, told in the review."""

from collections.abc import Callable

import pytest

from accounts.models import Environment
from accounts.permissions import abilities_of
from accounts.roles import Role
from flags.editing.edits import FlagEdit
from flags.models import Flag
from flags.services import propose, rehearse
from tests.conftest import Person
from tests.desk import Desk, errors_in, form_in
from tests.flags.builders import PRODUCTION, boolean, change, create, heads, state_of

pytestmark = pytest.mark.django_db


def test_a_flag_has_an_owner_from_the_start_or_later(ed: Person, vi: Person) -> None:
    assert create(ed, boolean())["owner"] == ""
    assert create(ed, boolean("sale", owner="vi"))["owner"] == "vi"
    assert change(ed, "checkout", owner="ed")["owner"] == "ed"
    assert change(ed, "checkout", name="Checkout")["owner"] == "ed"
    assert change(ed, "checkout", owner="")["owner"] == ""


@pytest.mark.parametrize("name", ["nina", "otto", "nobody", "ED"])
def test_somebody_who_does_not_see_the_project_answers_for_nothing(
    ed: Person, nina: Person, otto: Person, name: str
) -> None:
    create(ed, boolean())
    for response in (
        ed.client().patch("/flags/checkout", {"owner": name}),
        ed.client().post("/flags", boolean("sale", owner=name)),
    ):
        assert response.status_code == 400
        assert response.json()["errors"] == [{"path": "owner", "message": f"Nobody called `{name}` sees the project."}]
    assert ed.client().get("/flags/checkout").json()["owner"] == ""


def test_an_owner_who_has_lost_the_role_stays_until_somebody_changes_it(ed: Person, vi: Person) -> None:
    create(ed, boolean(owner="vi"))
    flag = Flag.objects.get()
    vi.user.is_active = False
    vi.user.save()
    assert not abilities_of(vi.user, flag.project)
    assert change(ed, "checkout", owner="vi", name="Still hers")["owner"] == "vi"


def test_a_flag_outlives_its_owner(ed: Person, vi: Person) -> None:
    create(ed, boolean(owner="vi"))
    vi.user.delete()
    assert ed.client().get("/flags/checkout").json()["owner"] == ""


def test_an_owner_makes_no_revision_and_a_review_says_who_it_is(ed: Person, production: Environment) -> None:
    create(ed, boolean())
    flag = Flag.objects.get()
    before = heads(flag.project)
    versions = {each.key: state_of(flag, each).version for each in flag.project.environments.all()}
    edit = FlagEdit("checkout", shared={"owner": "ed"}, versions=versions)
    difference = rehearse(project=flag.project, edits=[edit], by=ed.actor)
    assert [change.sentence for each in difference.about for change in each.changes] == ['Owner none → "ed".']
    assert propose(project=flag.project, edits=[edit], by=ed.actor).title == "Change checkout"
    change(ed, "checkout", owner="ed")
    assert heads(flag.project) == before


def test_the_flag_s_page_offers_the_people_of_the_project(
    ed: Person, vi: Person, otto: Person, make_person: Callable[..., Person], production: Environment
) -> None:
    gone = make_person("gone", role=Role.EDITOR, project=production.project)
    gone.user.is_active = False
    gone.user.save()
    create(ed, boolean(owner="vi"))
    desk, flag = Desk(ed), Flag.objects.get()
    page = form_in(desk.open(flag))
    assert [value for value, _ in page.fields["owner"].choices] == ["", "ed", "vi"]
    answer = desk.save(flag, owner="ed")
    (told,) = desk.review(answer).context["review"].told
    assert told.sentences == ('Owner "vi" → "ed".',)
    desk.publish(answer)
    flag.refresh_from_db()
    assert flag.owner == ed.user
    desk.publish(desk.save(flag, owner=""))
    flag.refresh_from_db()
    assert flag.owner is None
    assert "owner" in errors_in(desk.save(flag, owner="otto"))
    desk.publish(desk.save(flag, name="Only the name"))
    assert "Owner" not in desk.open(flag).content.decode().split('<dl class="ed-facts">')[1].split("</dl>")[0]


def test_a_viewer_reads_whose_flag_it_is(ed: Person, vi: Person) -> None:
    create(ed, boolean(owner="ed"))
    assert "<dt>Owner</dt><dd>ed</dd>" in Desk(vi).open(Flag.objects.get()).content.decode()


def test_nobody_s_name_is_no_type_of_json(ed: Person) -> None:
    create(ed, boolean())
    assert ed.client().patch(f"/flags/checkout{PRODUCTION}", {"owner": 7}).status_code == 400
