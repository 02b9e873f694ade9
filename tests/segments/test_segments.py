"""Segments over REST: made, read, changed, deleted, and what refers to them."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from flags.models import Revision
from segments import services
from segments.models import Segment
from tests.conftest import Person
from tests.flags.builders import boolean, change, create, create_segment, decide, equals, rule
from tests.problems import assert_problem
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

US = equals("country", "US")


def keys(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [segment["key"] for segment in response.json()["results"]]


def test_a_segment_needs_only_a_key(ed: Person) -> None:
    segment = create_segment(ed, "beta")
    assert segment.keys() == {
        *("key", "name", "description", "project", "if", "included", "excluded"),
        *("version", "created_at", "updated_at"),
    }
    assert (segment["name"], segment["if"], segment["included"], segment["excluded"]) == ("", None, [], [])
    assert (segment["project"], segment["version"]) == ("shop", 1)


def test_everything_that_can_be_said_is_kept(ed: Person, vi: Person) -> None:
    body = {"name": "Beta", "description": "Early birds.", "if": US, "included": ["ann", "Zoë"], "excluded": ["bob"]}
    segment = create_segment(ed, "beta", **body)
    assert {name: segment[name] for name in body} == body
    response = vi.client().get("/segments/beta")
    assert (response.json(), response.headers["ETag"]) == (segment, '"1"')


def test_segments_are_listed_by_key_in_pages_and_found_by_search(ed: Person) -> None:
    for key, name in (("c", "Pros"), ("a", "Amateurs"), ("b", "Professionals")):
        create_segment(ed, key, name=name)
    client = ed.client()
    page = client.get("/segments?page_size=2").json()
    assert [each["key"] for each in page["results"]] == ["a", "b"]
    assert keys(client.get(page["next"])) == ["c"]
    assert keys(client.get("/segments?search=PRO")) == ["b", "c"]


def test_what_is_sent_changes_and_the_rest_stays(ed: Person) -> None:
    create_segment(ed, "beta", **{"if": US}, included=["ann"], name="Beta")
    changed = ed.client().patch("/segments/beta", {"included": ["bob"], "if": None})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    body = changed.json()
    assert (body["if"], body["included"], body["name"], body["version"]) == (None, ["bob"], "Beta", 2)


def test_a_change_reaches_every_environment_as_a_revision(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "beta", included=["ann"])
    create(ed, boolean(rules=[rule({"segment": "beta"}, "off")]))
    assert decide(sdk, "checkout", id="bob")["value"] is True
    before = Revision.objects.count()
    ed.client().patch("/segments/beta", {"included": ["ann", "bob"], "comment": "Bob too"})
    assert decide(sdk, "checkout", id="bob")["value"] is False
    assert Revision.objects.count() == before + 3
    assert set(Revision.objects.filter(comment="Bob too").values_list("actor_label", flat=True)) == {"ed"}


def test_a_new_name_is_for_people_and_no_revision(ed: Person) -> None:
    create_segment(ed, "beta", included=["ann"])
    before = Revision.objects.count()
    assert ed.client().patch("/segments/beta", {"name": "Beta"}).json()["version"] == 2
    assert Revision.objects.count() == before


def test_a_change_that_changes_nothing_writes_nothing(ed: Person) -> None:
    segment = create_segment(ed, "beta", **{"if": US}, included=["ann"])
    with nothing_changes():
        bodies: list[dict[str, Any]] = [{}, {"if": US, "included": ["ann"]}, {"comment": "Nothing"}]
        for body in bodies:
            assert ed.client().patch("/segments/beta", body).json() == segment


def test_an_operand_that_only_changes_its_type_is_a_change(ed: Person) -> None:
    create_segment(ed, "beta", **{"if": equals("beta", 1)})
    changed = ed.client().patch("/segments/beta", {"if": equals("beta", True)}).json()
    assert (changed["if"]["value"], changed["version"]) == (True, 2)


def test_a_stale_version_changes_nothing(ed: Person) -> None:
    create_segment(ed, "beta")
    client = ed.client()
    with nothing_changes():
        for header in ('"2"', "one", "9" * 5000):
            headers = {"If-Match": header}
            assert_problem(client.patch("/segments/beta", {"name": "X"}, headers=headers), 412, "STALE_VERSION")
            assert_problem(client.delete("/segments/beta", headers=headers), 412, "STALE_VERSION")
    assert client.patch("/segments/beta", {"name": "X"}, headers={"If-Match": '"1"'}).status_code == 200


def test_a_key_that_is_taken_is_a_conflict(ed: Person, otto: Person) -> None:
    create_segment(ed, "beta")
    with nothing_changes():
        assert_problem(ed.client().post("/segments", {"key": "beta"}), 409, "KEY_TAKEN")
    create_segment(otto, "beta")


def test_a_segment_in_use_cannot_be_deleted_and_its_users_are_named(ed: Person) -> None:
    create_segment(ed, "beta")
    create_segment(ed, "outer", **{"if": {"not": {"segment": "beta"}}})
    create(ed, boolean(rules=[rule({"any": [US, {"segment": "outer"}]})]))
    with nothing_changes():
        problem = assert_problem(ed.client().delete("/segments/outer"), 409, "SEGMENT_IN_USE")
        assert "flag checkout in production" in problem["detail"]
        problem = assert_problem(ed.client().delete("/segments/beta"), 409, "SEGMENT_IN_USE")
        assert "outer uses beta" in problem["detail"]
    change(ed, "checkout", rules=[])
    ed.client().patch("/segments/outer", {"if": None})
    assert ed.client().delete("/segments/beta").status_code == 204
    assert_problem(ed.client().get("/segments/beta"), 404, "SEGMENT_NOT_FOUND")
    assert_problem(ed.client().delete("/segments/beta"), 404, "SEGMENT_NOT_FOUND")


def test_segments_in_a_circle_are_refused_and_the_circle_is_named(ed: Person) -> None:
    create_segment(ed, "a")
    create_segment(ed, "b", **{"if": {"segment": "a"}})
    create_segment(ed, "c", **{"if": {"all": [US, {"segment": "b"}]}})
    with nothing_changes():
        for target, circle in (("c", "a → c → b → a"), ("a", "a → a")):
            body: dict[str, Any] = {"if": {"not": {"segment": target}}}
            problem = assert_problem(ed.client().patch("/segments/a", body), 400, "INVALID", "if")
            assert circle in problem["detail"]
        body = {"key": "self", "if": {"segment": "self"}}
        assert_problem(ed.client().post("/segments", body), 400, "INVALID", "if")


def test_segments_within_segments_decide(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "us", **{"if": US}, excluded=["spy"])
    create_segment(ed, "friends", **{"if": {"any": [{"segment": "us"}, equals("vip", True)]}}, included=["ann"])
    create(ed, boolean(rules=[rule({"segment": "friends"})], fallthrough={"variation": "off"}))
    inside: list[dict[str, Any]] = [{"id": "ann"}, {"id": "x", "country": "US"}, {"id": "spy", "vip": True}]
    outside: list[dict[str, Any]] = [{"id": "x"}, {"id": "spy", "country": "US"}]
    assert [decide(sdk, "checkout", **context)["value"] for context in inside + outside] == [True] * 3 + [False] * 2


BAD: list[tuple[Any, str]] = [
    ({"name": 7}, "name"),
    ({"name": None}, "name"),
    ({"name": "x" * 201}, "name"),
    ({"description": None}, "description"),
    ({"description": "x" * 10_001}, "description"),
    ({"comment": ["x"]}, "comment"),
    ({"key": "renamed"}, "key"),
    ({"condition": US}, "condition"),
    ({"included": None}, "included"),
    ({"included": "ann"}, "included"),
    ({"included": {"ann": True}}, "included"),
    ({"included": ["ann", 7]}, "included[1]"),
    ({"included": [None]}, "included[0]"),
    ({"included": [""]}, "included[0]"),
    ({"included": ["ann", "ann"]}, "included[1]"),
    ({"excluded": None}, "excluded"),
    ({"excluded": [True]}, "excluded[0]"),
    ({"excluded": [["ann"]]}, "excluded[0]"),
    ({"if": {}}, "if"),
    ({"if": []}, "if"),
    ({"if": "country"}, "if"),
    ({"if": False}, "if"),
    ({"if": {"all": []}}, "if.all"),
    ({"if": {"attribute": "x", "operator": "like", "value": 1}}, "if.operator"),
    ({"if": {"attribute": "x", "operator": "regex", "value": "("}}, "if.value"),
    ({"if": {"segment": "nobody"}}, "if"),
    ({"if": {"everyone": True, "segment": "beta"}}, "if.everyone"),
    ([], ""),
    (None, ""),
    ("beta", ""),
]


def test_what_no_segment_can_be_is_refused_by_its_place(ed: Person, subtests: pytest.Subtests) -> None:
    create_segment(ed, "beta")
    client = ed.client()
    with nothing_changes():
        for body, path in BAD:
            with subtests.test(f"{path}: {str(body)[:60]}"):
                raw = "null" if body is None else body
                kind = "application/json" if body is None else None
                assert_problem(client.patch("/segments/beta", raw, content_type=kind), 400, "INVALID", path)
                if isinstance(body, dict) and "key" not in body:
                    assert_problem(client.post("/segments", {"key": "new", **body}), 400, "INVALID", path)


def test_a_condition_is_at_most_twenty_levels_deep(ed: Person) -> None:
    condition: dict[str, Any] = US
    for _ in range(19):
        condition = {"not": condition}
    assert create_segment(ed, "deep", **{"if": condition})["if"] == condition
    body = {"key": "deeper", "if": {"not": condition}}
    assert_problem(ed.client().post("/segments", body), 400, "INVALID", "if" + ".not" * 20)


def test_a_segment_lists_so_many_ids_and_no_more(ed: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.segments, "MAX_IDS", 5)
    create_segment(ed, "beta", included=["a", "b", "c"], excluded=["d", "e"])
    with nothing_changes():
        response = ed.client().patch("/segments/beta", {"excluded": ["d", "e", "f"]})
        assert_problem(response, 400, "INVALID", "included")


def test_ten_thousand_ids_are_no_trouble(ed: Person, sdk: APIClient) -> None:
    create_segment(ed, "many", included=[f"user-{n}" for n in range(10_000)])
    create(ed, boolean(rules=[rule({"segment": "many"}, "off")]))
    assert decide(sdk, "checkout", id="user-9999")["value"] is False
    assert str(Segment.objects.get()) == "many"
