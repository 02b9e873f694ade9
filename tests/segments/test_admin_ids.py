"""The ids of a segment in the admin: counted, searched, downloaded, never rendered whole; and where it is used."""

import asyncio
import time
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import AsyncRequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import Environment, Project
from flags.services import create_flag
from segments.models import Segment
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, address

pytestmark = pytest.mark.django_db

MANY = 100_000


@pytest.fixture
def desk(vi: Person) -> Desk:
    return Desk(vi)


@pytest.fixture
def many(shop: Project) -> Segment:
    included = [f"user-{n}" for n in range(MANY)]
    return create_segment(project=shop, key="many", fields={"included": included, "excluded": ["=x"]}, by=SYSTEM)


def test_a_long_list_is_searched_and_the_answer_is_bounded(desk: Desk, many: Segment) -> None:
    page = desk.get("segments_segment_ids", many.pk, "included", q="user-9999", how="prefix")
    assert page.context["found"].first == ["user-9999", *(f"user-9999{n}" for n in range(10))]
    page = desk.get("segments_segment_ids", many.pk, "included", q="99", how="contains")
    assert (page.context["found"].total > 100, len(page.context["found"].first)) == (True, 100)
    assert len(desk.get("segments_segment_ids", many.pk, "included").content) < 100_000
    nothing = desk.get("segments_segment_ids", many.pk, "excluded", q="user", how="prefix")
    assert "0 of 1 ids" in nothing.content.decode()
    for odd in ({"q": "x" * 1000}, {"how": "regex"}, {"q": "\0"}):
        assert desk.get("segments_segment_ids", many.pk, "included", **odd).status_code == 200
    assert desk.get("segments_segment_ids", many.pk, "condition").status_code == 404


def test_a_list_is_downloaded_as_csv_without_formulas(desk: Desk, many: Segment) -> None:
    answer: Any = desk.get("segments_segment_download", many.pk, "included")
    assert answer.streaming
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines == ["id", *many.included]
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="shop-many-included.csv"'
    answer = desk.get("segments_segment_download", many.pk, "excluded")
    assert b"".join(answer.streaming_content) == b"id\r\n'=x\r\n"


def test_under_asgi_a_download_is_streamed_too(vi: Person, shop: Project) -> None:
    segment = create_segment(project=shop, key="few", fields={"included": ["ann"]}, by=SYSTEM)
    request: Any = AsyncRequestFactory().get("/")
    request.user = vi.user
    answer: Any = admin.site.get_model_admin(Segment).download_view(request, segment.pk, "included")  # type: ignore[attr-defined]  # ours

    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    assert answer.is_async
    assert asyncio.run(read()) == b"id\r\nann\r\n"


def test_who_does_not_see_the_project_finds_no_ids(otto: Person, nina: Person, many: Segment) -> None:
    for person in (otto, nina):
        for page in ("segments_segment_ids", "segments_segment_download"):
            assert Desk(person).get(page, many.pk, "included").status_code in {403, 404}


def test_the_page_says_where_the_segment_is_used(desk: Desk, many: Segment, production: Environment) -> None:
    create_segment(project=many.project, key="outer", fields={"condition": {"segment": "many"}}, by=SYSTEM)
    rules = [{"if": {"segment": "many"}, "serve": {"variation": "on"}}]
    fields: Any = {"type": "boolean", "rules": rules}
    state = create_flag(project=many.project, environment=production, key="sale", fields=fields, by=SYSTEM)
    uses = desk.open(many).context["panel"]["uses"]
    outer = Segment.objects.get(key="outer")
    assert [(use.kind, use.key, use.environment, where) for use, where in uses] == [
        ("Segment", "outer", "", address("segments_segment_change", outer.pk)),
        ("Flag", "sale", "Production", address("flags_flag_change", state.flag.pk)),
    ]
    assert "Nowhere" in desk.open(outer).content.decode()


def test_uploading_is_offered_to_those_who_may(vi: Person, ed: Person, many: Segment) -> None:
    assert "Upload ids" not in Desk(vi).open(many).content.decode()
    assert "Upload ids" in Desk(ed).open(many).content.decode()


def test_the_page_of_a_hundred_thousand_ids_is_quick_and_small(ed: Person, many: Segment) -> None:
    desk = Desk(ed)
    desk.open(many)
    with CaptureQueriesContext(connection) as queries:
        page = desk.open(many)
    assert len(queries) <= 12
    assert "100,000" in page.content.decode()
    assert "user-5" not in page.content.decode()
    assert len(page.content) < 150_000
    took = []
    for _ in range(5):
        began = time.perf_counter()
        desk.open(many)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.3, took
