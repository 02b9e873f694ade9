"""Files of ids: every line becomes an id or a problem with its number, whatever the bytes are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagsite.lib.problems import InvalidInput
from segments import id_files
from segments.id_files import MAX_ID, Layout, Problem, Reading, Wrong, read_ids, written_csv

PLAIN = Layout()
FIRST = Layout(column=1)
LAYOUTS = st.builds(
    Layout,
    column=st.sampled_from([None, 1, 2, 3]),
    has_header=st.booleans(),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
TROUBLE = st.lists(
    st.sampled_from([b"a", b"b", b'"', b",", b";", b"\n", b"\r", b"\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b"'", b"="]),
).map(b"".join)


def read(raw: bytes, **layout: Any) -> tuple[list[str], list[tuple[int, Wrong]]]:
    reading = read_ids(raw, Layout(**layout))
    return reading.ids, [(problem.line, problem.wrong) for problem in reading.problems]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_plain_text_has_an_id_on_each_line(end: bytes, mark: bytes) -> None:
    assert read(mark + end.join([b"ann", b" bob ", "Zoë".encode(), b"a,b"]) + end) == (["ann", "bob", "Zoë", "a,b"], [])


def test_what_is_wrong_is_said_by_the_number_of_its_line() -> None:
    raw = b"ann\n\nann\na\0b\n\xff\xfe\n" + b"x" * (MAX_ID + 1) + b"\n" + b"y" * MAX_ID
    ids, problems = read(raw)
    assert ids == ["ann", "y" * MAX_ID]
    assert problems == [
        (2, Wrong.EMPTY),
        (3, Wrong.TWICE),
        (4, Wrong.NUL),
        (5, Wrong.NOT_UTF8),
        (6, Wrong.TOO_LONG),
    ]


def test_a_column_is_chosen_by_its_number_or_its_name() -> None:
    raw = b'name;user id\r\n"Ann; the first";u1\r\nBob;u2\r\nCarl\r\n'
    wanted = (["u1", "u2"], [(4, Wrong.NO_COLUMN)])
    assert read(raw, column="user id", delimiter=";") == wanted
    assert read(raw, column=2, has_header=True, delimiter=";") == wanted
    assert read(raw, column=2, delimiter=";")[0] == ["user id", "u1", "u2"]


def test_a_record_over_several_lines_is_named_by_its_first() -> None:
    assert read(b'u1,"a\nb"\n,x\nu2,"\xff\nb"\nu3,y\n', column=1) == (
        ["u1", "u3"],
        [(3, Wrong.EMPTY), (4, Wrong.NOT_UTF8)],
    )


def test_a_quotation_mark_that_is_never_closed_is_said() -> None:
    assert read(b'u1\n"u2\nu3\n', column=1) == (["u1"], [(2, Wrong.NOT_CSV)])
    assert read(b'u1\n"u"2\nu3\n', column=1) == (["u1", "u3"], [(2, Wrong.NOT_CSV)])


@pytest.mark.parametrize(
    ("raw", "layout", "place"),
    [
        (b"a,b\n1,2", Layout(column="c"), "column"),
        (b"\xff\n1,2", Layout(column="c"), "column"),
        (b"a,b\n1,2", Layout(column=0), "column"),
        (b"a,b\n1,2", Layout(column=10**30), "column"),
        (b"1\n2\n3\n4", PLAIN, "file"),
        (b"x" * 101, PLAIN, "file"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused(
    raw: bytes, layout: Layout, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_files, "MAX_FILE_IDS", 3)
    monkeypatch.setattr(id_files, "MAX_FILE_BYTES", 100)
    with pytest.raises(InvalidInput) as refused:
        read_ids(raw, layout)
    assert [error.path for error in refused.value.errors] == [place]


def test_a_formula_is_guarded_in_the_file_and_comes_back_as_it_was() -> None:
    ids = ["=1+1", "+1", "-1", "@x", "'=x", "'x", "x=1", 'a"b', "a,b"]
    text = "".join(written_csv(ids, chunk=2))
    assert text.split("\r\n")[:6] == ["id", "'=1+1", "'+1", "'-1", "'@x", "''=x"]
    assert read(text.encode(), column="id") == (ids, [])


@given(st.binary() | TROUBLE, LAYOUTS)
def test_no_file_makes_it_stumble_and_every_line_is_answered(raw: bytes, layout: Layout) -> None:
    reading = read_ids(raw, layout)
    lines = raw.removeprefix(b"\xef\xbb\xbf").splitlines()
    assert len(set(reading.ids)) == len(reading.ids)
    assert all(one and one == one.strip() and "\0" not in one and len(one) <= MAX_ID for one in reading.ids)
    numbers = [problem.line for problem in reading.problems]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= len(lines) for number in numbers)
    if layout.column is None:
        assert len(reading.ids) + len(numbers) == len(lines)
    if b'"' not in raw:
        header = layout.column is not None and layout.has_header and bool(lines)
        assert len(reading.ids) + len(numbers) == len(lines) - header


IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(st.lists(IDS.map(str.strip).filter(bool), unique=True))
def test_a_download_that_is_uploaded_again_is_the_same_list(ids: list[str]) -> None:
    assert read("".join(written_csv(ids)).encode(), column="id") == (ids, [])


def test_problems_are_counted_by_their_kind() -> None:
    problems = [Problem(1, Wrong.EMPTY), Problem(2, Wrong.TWICE), Problem(3, Wrong.TWICE)]
    assert Reading([], problems).counts() == [(Wrong.TWICE.value, 2), (Wrong.EMPTY.value, 1)]
