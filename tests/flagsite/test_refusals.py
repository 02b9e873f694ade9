"""What people and programs get where there is no view to answer them."""

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from accounts.models import Project
from flagsite import refusals
from flagsite.lib.problems import CONTENT_TYPE
from segments.services import create_segment, delete_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk

pytestmark = pytest.mark.django_db

PAGE = "text/html; charset=utf-8"


def test_whoever_saves_what_was_deleted_meanwhile_reads_so_on_a_page(ed: Person, shop: Project) -> None:
    segment = create_segment(project=shop, key="staff", fields={"included": ["user-1"]}, by=SYSTEM)
    desk, pk = Desk(ed), segment.pk
    filled_in = desk.shown(segment)
    delete_segment(project=shop, key="staff", by=SYSTEM)
    answer = desk.post("segments_segment_change", pk, **filled_in)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, PAGE)
    assert "Somebody may have deleted it" in answer.content.decode()


def test_an_address_that_leads_nowhere_is_a_page_for_people_and_a_problem_for_programs(ed: Person) -> None:
    assert Desk(ed).client.get("/admin/nowhere/").headers["Content-Type"] == PAGE
    assert Client().get("/nowhere").headers["Content-Type"] == CONTENT_TYPE


@pytest.mark.parametrize(("path", "kind"), [("/admin/flags/flag/", PAGE), ("/flags", CONTENT_TYPE)])
def test_a_failure_is_a_page_for_people_and_a_problem_for_programs(path: str, kind: str) -> None:
    request = HttpRequest()
    request.path = path
    answer = refusals.server_error(request)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, kind)


def test_a_form_that_was_opened_before_somebody_signed_in_anew_says_so(ed: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ed.user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/admin/logout/")
    assert (answer.status_code, "This form is too old" in answer.content.decode()) == (403, True)


def test_there_is_a_picture_for_the_browser_s_tab() -> None:
    assert Client().get("/favicon.ico").headers["Location"] == f"{settings.STATIC_URL}flagsite/favicon.svg"
    assert finders.find("flagsite/favicon.svg")
    assert "flagsite/favicon.svg" in Client().get("/admin/login/").content.decode()


def test_no_app_is_called_like_one_of_its_models(sam: Person) -> None:
    apps = Desk(sam).get("index").context["available_apps"]
    doubled = [app["name"] for app in apps if app["name"] in {model["name"] for model in app["models"]}]
    assert doubled == []
    assert "People" in {model["name"] for app in apps for model in app["models"]}
    assert Desk(sam).client.get(reverse("admin:app_list", args=["flags"])).status_code == 200
