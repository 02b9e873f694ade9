"""What another site makes the browser of somebody do here who is signed in: nothing."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Environment, Project
from flags.editing.edits import FlagEdit
from flags.models import ChangeRequest
from flags.services import propose
from tests.conftest import Person
from tests.desk import address
from tests.flags.builders import make, state_of
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

ELSEWHERE = "https://elsewhere.example"


@pytest.fixture
def browser(ed: Person) -> Client:
    """Ed's, signed in; unlike elsewhere in the tests, forms need their token."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(ed.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def wanted(ed: Person, shop: Project, production: Environment) -> ChangeRequest:
    """A change that a single click publishes."""
    flag = make(shop, "checkout")
    version = state_of(flag, production).version
    edit = FlagEdit("checkout", states={"production": {"enabled": False}}, versions={"production": version})
    return propose(project=shop, edits=[edit], by=ed.actor)


def publish(browser: Client, wanted: ChangeRequest, *, token: str, origin: str) -> int:
    form = {"version": wanted.version, "csrfmiddlewaretoken": token}
    page = address("flags_changerequest_publish", wanted.pk)
    return int(browser.post(page, form, headers={"Origin": origin}).status_code)


def test_a_form_of_another_site_publishes_nothing(browser: Client, wanted: ChangeRequest) -> None:
    browser.get("/admin/")
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    with nothing_changes():
        assert publish(browser, wanted, token="", origin="http://testserver") == 403
        assert publish(browser, wanted, token="x" * 64, origin="http://testserver") == 403
        assert publish(browser, wanted, token=token, origin=ELSEWHERE) == 403
    assert publish(browser, wanted, token=token, origin="http://testserver") == 302
    wanted.refresh_from_db()
    assert wanted.status == ChangeRequest.Status.PUBLISHED


def test_a_session_opens_nothing_of_the_rest_api(browser: Client, wanted: ChangeRequest) -> None:
    with nothing_changes():
        for method, path in (("patch", "/flags/checkout"), ("delete", "/flags/checkout"), ("get", "/flags")):
            assert getattr(browser, method)(path, {}, content_type="application/json").status_code == 401


def test_no_other_site_is_allowed_to_read_an_answer(ed: Person, wanted: ChangeRequest) -> None:
    preflight = Client().options(
        "/flags/checkout", headers={"Origin": ELSEWHERE, "Access-Control-Request-Method": "PATCH"}
    )
    answer = ed.client().get("/flags/checkout", headers={"Origin": ELSEWHERE})
    assert answer.status_code == 200
    allowed = [name for each in (preflight, answer) for name in each.headers if name.startswith("Access-Control")]
    assert allowed == []
