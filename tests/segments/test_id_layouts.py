"""How a file of ids is laid out: what its name and its first lines show, and what is said to be doubtful."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagsite.lib.problems import InvalidInput
from segments.id_files import Layout, read_ids, written_csv
from segments.id_layouts import LOOKED_AT_BYTES, NOTHING, Told, settled

PLAIN = Layout()


@pytest.mark.parametrize(
    ("name", "raw", "layout"),
    [
        ("ids.txt", b"ann\nbob\n", PLAIN),
        ("ids.txt", b"", PLAIN),
        ("ids.txt", b"Doe, Ann\nbob\n", PLAIN),
        ("ids.txt", b"Doe, Ann\nRoe, Bob, junior\n", PLAIN),
        ("ids.csv", b"id,note\nann,hello\n", Layout(1, has_header=True)),
        ("ids.CSV", b"\xef\xbb\xbfName;User ID\r\nAnn;u1\r\n", Layout(2, has_header=True, delimiter=";")),
        ("ids.txt", b"e-mail\tuser_id\nann@x.com\tann\n", Layout(2, has_header=True, delimiter="\t")),
        ("ids.txt", b"ann,1\nbob,2\n", Layout(1)),
        ("ids.csv", b"ann,1\nbob\n", Layout(1)),
        ("ids.csv", b"ann;1\nbob\n", Layout(1, delimiter=";")),
        ("ids.csv", b'"Doe; Ann",ann\n"Roe; Bob",bob\n', Layout(1)),
        ("ids.csv", b"ann\nbob\n", Layout(1)),
        ("ids.csv", b"customer id\nann\n", Layout(1, has_header=True)),
    ],
)
def test_the_file_shows_it(name: str, raw: bytes, layout: Layout) -> None:
    assert settled(raw, Told(file_name=name)).layout == layout


def test_what_was_said_counts_more_than_what_the_file_shows() -> None:
    raw = b"id;note,or\nann;x,y\n"
    assert settled(raw, Told(separator=NOTHING, file_name="ids.csv")).layout == PLAIN
    assert settled(raw, Told(separator=",")).layout == Layout(1)
    assert settled(raw, Told(column=2)).layout == Layout(2, delimiter=";")
    assert settled(raw, Told(column="id")).layout == Layout("id", has_header=True, delimiter=";")


@pytest.mark.parametrize("column", ["id", 2])
def test_a_column_that_stands_there_with_another_separator_is_refused_with_its_name(
    column: int | str,
) -> None:
    with pytest.raises(InvalidInput) as refused:
        settled(b"note;id\nhello;ann\n", Told(separator=",", column=column))
    (error,) = refused.value.errors
    assert error.path == "delimiter"
    assert (
        error.message == f"With a comma between the columns there is no column `{column}`; with a semicolon there is."
    )


def test_a_plain_text_has_no_columns() -> None:
    with pytest.raises(InvalidInput) as refused:
        settled(b"ann\n", Told(separator=NOTHING, column=2))
    assert [error.path for error in refused.value.errors] == ["column"]


def test_names_that_would_be_taken_for_an_id_are_doubted() -> None:
    doubt = settled(b"note,id\nhello,ann\n", Told(column=2)).doubt
    assert doubt == "The first line, “note,id”, seems to hold the columns' names, and is taken for an id."
    assert not settled(b"note,id\nhello,ann\n", Told(column=2, has_header=True)).doubt


def test_a_long_file_is_known_by_its_beginning() -> None:
    raw = b"id,note\n" + b"ann,x\n" * LOOKED_AT_BYTES
    assert settled(raw + b"a,b,c\n", Told()).layout == Layout(1, has_header=True)


IDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)


@given(st.lists(IDS.map(str.strip).filter(lambda one: one.isprintable() and one), unique=True))
def test_a_download_comes_back_as_it_was_without_a_word(ids: list[str]) -> None:
    raw = "".join(written_csv(ids)).encode()
    assert read_ids(raw, settled(raw, Told(file_name="beta-included.csv")).layout).ids == ids


@given(st.binary(max_size=300), st.sampled_from([None, NOTHING, ",", ";", "\t"]))
def test_no_file_makes_it_stumble(raw: bytes, separator: str | None) -> None:
    settled(raw, Told(separator=separator, file_name="ids.csv"))
