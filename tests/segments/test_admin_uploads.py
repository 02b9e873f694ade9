"""Uploading ids in the admin: a preview first, and nothing written until it is confirmed."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Environment, Project
from flags.models import Revision
from flagsite.lib import clock
from segments import id_files
from segments.errors import UploadNotFound
from segments.id_layouts import Told
from segments.id_lists import Mode
from segments.models import IdUpload, Segment
from segments.querysets import upload_of
from segments.services import create_segment, keep_upload, update_segment
from segments.services.uploads import KEPT_MINUTES
from tests.conftest import SYSTEM, Person
from tests.desk import Desk, messages_in
from tests.tables import nothing_changes

pytestmark = pytest.mark.django_db

UPLOAD, PREVIEW = "segments_segment_upload", "segments_segment_preview"


@pytest.fixture
def desk(ed: Person) -> Desk:
    return Desk(ed)


@pytest.fixture
def beta(shop: Project) -> Segment:
    fields: Any = {"included": ["ann", "bob"], "excluded": ["zoe"]}
    return create_segment(project=shop, key="beta", fields=fields, by=SYSTEM)


def send(desk: Desk, segment: Segment, raw: bytes, *, name: str = "ids.txt", **fields: str) -> Any:
    known = {"listed_in": "included", "mode": "add", "delimiter": "look", "column": ""}
    return desk.post(UPLOAD, segment.pk, file=SimpleUploadedFile(name, raw), **{**known, **fields})


def preview(desk: Desk, segment: Segment, raw: bytes, **fields: str) -> Any:
    answer = send(desk, segment, raw, **fields)
    assert answer.status_code == 302, answer.context["form"].errors
    return desk.client.get(answer.headers["Location"])


def confirm(desk: Desk, segment: Segment, comment: str = "") -> Any:
    return desk.post(PREVIEW, segment.pk, IdUpload.objects.get().pk, comment=comment)


@pytest.mark.parametrize(
    ("mode", "raw", "numbers", "included"),
    [
        ("add", b"bob\ncarl\ndan\n", (2, 0, 1, 4), ["ann", "bob", "carl", "dan"]),
        ("remove", b"bob\ncarl\n", (0, 1, 1, 1), ["ann"]),
        ("replace", b"bob\ncarl\n", (1, 1, 1, 2), ["bob", "carl"]),
    ],
)
def test_a_file_is_previewed_and_then_confirmed(  # noqa: PLR0917 - the columns of the table, and two fixtures
    mode: str, raw: bytes, numbers: tuple[int, ...], included: list[str], desk: Desk, beta: Segment
) -> None:
    page = preview(desk, beta, raw, mode=mode)
    assert tuple(int(number) for _, number in page.context["numbers"][:4]) == numbers
    beta.refresh_from_db()
    assert (beta.included, beta.version) == (["ann", "bob"], 1), "nothing is written before it is published"
    desk.publish(confirm(desk, beta, "From the mailing list"))
    beta.refresh_from_db()
    assert (beta.included, beta.excluded, beta.version) == (included, ["zoe"], 2)
    assert not IdUpload.objects.exists()
    newest = Revision.objects.filter(environment__project=beta.project).latest("pk")
    assert (newest.comment, newest.actor_label, newest.source) == ("From the mailing list", "ed", "admin")


def test_the_other_list_is_uploaded_from_a_column_and_the_overlap_is_said(desk: Desk, beta: Segment) -> None:
    raw = "\ufeffname;id\nAnn;ann\nCarl;carl\n".encode()
    page = preview(desk, beta, raw, listed_in="excluded", column="id", delimiter=";")
    assert page.context["first_added"] == ["ann", "carl"]
    assert "1 of the ids would be in both lists" in page.content.decode()
    desk.publish(confirm(desk, beta))
    beta.refresh_from_db()
    assert (beta.included, beta.excluded) == (["ann", "bob"], ["zoe", "ann", "carl"])


def test_a_csv_is_taken_for_one_as_the_form_opens_and_the_preview_says_how_it_was_read(
    desk: Desk, beta: Segment
) -> None:
    page = preview(desk, beta, b"id,note\nuser-0@x.com,hello\nuser-1@x.com,\n", name="ids.csv")
    assert page.context["first_added"] == ["user-0@x.com", "user-1@x.com"]
    assert "Read as a CSV with a comma between the columns, the ids from column 1, “id”." in page.content.decode()


def test_lines_that_all_hold_a_comma_and_are_taken_whole_are_doubted(desk: Desk, beta: Segment) -> None:
    page = preview(desk, beta, b"Doe, Ann\nRoe, Bob\n", delimiter="none")
    assert page.context["first_added"] == ["Doe, Ann", "Roe, Bob"]
    assert "Every line holds a comma: is this a CSV?" in page.content.decode()


def test_the_preview_says_which_lines_are_wrong(desk: Desk, beta: Segment) -> None:
    page = preview(desk, beta, b"carl\n\ncarl\n\xff\n<b>\n")
    assert page.context["kept"].problems == [[2, "no id"], [3, "is in the file already"], [4, "not UTF-8"]]
    text = page.content.decode()
    assert "<li>1 × not UTF-8</li>" in text
    assert "<li>&lt;b&gt;</li>" in text


def test_what_was_changed_meanwhile_is_not_overwritten(desk: Desk, beta: Segment, shop: Project) -> None:
    preview(desk, beta, b"carl\n")
    update_segment(project=shop, key="beta", fields={"included": ["dan"]}, by=SYSTEM)
    with nothing_changes():
        page = confirm(desk, beta)
    text = page.content.decode()
    assert "version 2, not 1" in text
    assert "Somebody has changed the segment" in text
    assert "Go on to the review" not in text


@pytest.mark.parametrize("raw", [b"", b"\n\n", b"ann\n"])
def test_a_file_that_changes_nothing_has_nothing_to_confirm(raw: bytes, desk: Desk, beta: Segment) -> None:
    assert "There is nothing to confirm" in preview(desk, beta, raw).content.decode()


def test_an_empty_file_empties_no_list(desk: Desk, beta: Segment) -> None:
    page = preview(desk, beta, b"", mode="replace")
    assert page.context["removed"] == 2
    assert not page.context["confirmable"]
    with nothing_changes():
        assert "names no id" in confirm(desk, beta).content.decode()


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"column": "nothing"}, "column"),
        ({"column": "0"}, "column"),
        ({"mode": "forget"}, "mode"),
        ({"listed_in": "condition"}, "listed_in"),
        ({"delimiter": "|"}, "delimiter"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field(
    fields: dict[str, str], place: str, desk: Desk, beta: Segment
) -> None:
    with nothing_changes():
        assert list(send(desk, beta, b"a,b\n", **fields).context["form"].errors) == [place]
        assert list(desk.post(UPLOAD, beta.pk, listed_in="included", mode="add", delimiter=",").context["form"].errors)


def test_a_file_over_a_limit_is_refused(desk: Desk, beta: Segment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_files, "MAX_FILE_IDS", 3)
    with nothing_changes():
        assert list(send(desk, beta, b"1\n2\n3\n4\n").context["form"].errors) == ["file"]


def test_a_confirmation_takes_place_once(desk: Desk, beta: Segment) -> None:
    preview(desk, beta, b"carl\n")
    upload = IdUpload.objects.get().pk
    confirm(desk, beta)
    with nothing_changes():
        answer = desk.post(PREVIEW, beta.pk, upload, comment="")
    assert any("no longer there" in text for text in messages_in(desk.client.get(answer.headers["Location"])))


def test_an_upload_waits_for_its_owner_only(desk: Desk, beta: Segment, ada: Person, vi: Person, otto: Person) -> None:
    preview(desk, beta, b"carl\n")
    upload = IdUpload.objects.get().pk
    other = create_segment(project=beta.project, key="other", fields={}, by=SYSTEM)
    editor, viewer, stranger = Desk(ada), Desk(vi), Desk(otto)
    with nothing_changes():
        assert editor.post(PREVIEW, beta.pk, upload).status_code == 302
        assert desk.post(PREVIEW, other.pk, upload).status_code == 302
        assert viewer.get(PREVIEW, beta.pk, upload).status_code == 403
        assert viewer.post(UPLOAD, beta.pk).status_code == 403
        assert stranger.get(UPLOAD, beta.pk).status_code in {302, 404}
        assert stranger.post(PREVIEW, beta.pk, upload).status_code == 404


def test_a_person_has_one_upload_and_it_expires(
    ed: Person, ada: Person, beta: Segment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(person: Person) -> IdUpload:
        return keep_upload(
            beta,
            listed_in="included",
            mode=Mode.ADD,
            raw=b"carl",
            told=Told(),
            by=person.actor,
        )

    keep(ed)
    mine = keep(ed)
    theirs = keep(ada)
    assert set(IdUpload.objects.all()) == {mine, theirs}
    later = clock.now() + timedelta(minutes=KEPT_MINUTES)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(UploadNotFound):
        upload_of(ed.user, segment=beta, pk=mine.pk)
    newest = keep(ed)
    assert set(IdUpload.objects.all()) == {newest}, "what has expired goes with the next upload"


def test_a_hundred_thousand_ids_are_uploaded(desk: Desk, beta: Segment, production: Environment) -> None:
    raw = "\n".join(f"user-{n}" for n in range(100_000)).encode()
    page = preview(desk, beta, raw, mode="replace")
    assert page.context["added"] == 100_000
    assert len(page.content) < 100_000
    proposed = confirm(desk, beta)
    (told,) = desk.review(proposed).context["review"].told
    assert told.sentences[0].startswith("100,000 ids now listed in: user-0, user-1,")
    assert len(desk.review(proposed).content) < 100_000
    desk.publish(proposed)
    beta.refresh_from_db()
    assert len(beta.included) == 100_000
    production.refresh_from_db()
    assert Revision.objects.get(environment=production, number=production.revision).delta.count("user-") == 100_000
