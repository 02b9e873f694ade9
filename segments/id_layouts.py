"""How a file of ids is laid out: what a person said of it and, where they said nothing, what its first lines show.

Pure. It looks at a beginning of the file and never takes a line for an id: `segments.id_files` reads. What it found is
told in sentences, for the preview.
"""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from flagsite.lib.problems import InvalidInput
from segments.id_files import Layout

LOOKED_AT_BYTES: Final = 64 * 1024
SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
NOTHING: Final = ""
"""Stands between the columns of a plain text."""

_TABLE: Final = re.compile(r"\.(csv|tsv)$", re.IGNORECASE)
_NAMES: Final = (
    re.compile(r"id$", re.IGNORECASE),
    re.compile(r"(.*[\s_.-])?(id|ids|key|uuid|guid)$|userid$", re.IGNORECASE),
    re.compile(r"(.*[\s_.-])?(e-?mail|username|login)([\s_.-]address)?$", re.IGNORECASE),
)
"""What columns of ids are called in a first line, the surest first."""


@dataclass(frozen=True)
class Told:
    """What a person said: None and nothing are not said. `separator` is one of SEPARATORS, or NOTHING."""

    file_name: str = ""
    separator: str | None = None
    column: int | str | None = None
    has_header: bool = False


@dataclass(frozen=True)
class Settled:
    """How the file is read, in a sentence; and what speaks against that, if anything does."""

    layout: Layout
    read_as: str
    doubt: str = ""


def settled(raw: bytes, told: Told) -> Settled:
    """Return how the file is to be read.

    Raises:
        InvalidInput: at `delimiter`, when the column that was named stands there with another separator only; at
            `column`, when a plain text is said to have columns.
    """
    lines = _first_lines(raw)
    separator = _seen_between(lines, told) if told.separator is None else told.separator
    if separator == NOTHING:
        if told.column is not None:
            raise InvalidInput.at("column", "A file of one id on each line has no columns: leave this empty.")
        return Settled(Layout(), "Read as plain text: one id on each line.", _doubt_of_text(lines))
    return _table(lines, told, separator)


def _table(lines: Sequence[str], told: Told, separator: str) -> Settled:
    first = _cells(lines[:1], separator)
    names = first[0] if first else []
    _refuse_where_another_separator_fits(lines, told.column, separator)
    found = _column_of_ids(names) if told.column is None else None
    column = (found or 1) if told.column is None else told.column
    has_header = told.has_header or found is not None or isinstance(column, str)
    doubt = ""
    if not has_header and _column_of_ids(names) is not None:
        doubt = f"The first line, “{_short(lines[0])}”, seems to hold the columns' names, and is taken for an id."
    named = _named(column, names if has_header else [])
    return Settled(
        Layout(column, has_header=has_header, delimiter=separator),
        f"Read as a CSV with a {SEPARATORS[separator]} between the columns, the ids from {named}. "
        f"The first line holds {'names' if has_header else 'an id already'}.",
        doubt,
    )


def _named(column: int | str, names: Sequence[str]) -> str:
    if isinstance(column, str):
        return f"the column “{_short(column)}”"
    name = names[column - 1] if 0 < column <= len(names) else ""
    return f"column {column}, “{_short(name)}”" if name else f"column {column}"


def _seen_between(lines: Sequence[str], told: Told) -> str:
    """Return the separator by which all lines have equally many cells; nothing, when there is none.

    Of several, it is the one with which the first line has the column that was named, or one called as ids are.
    """
    rows = {each: _cells(lines, each) for each in SEPARATORS}
    is_table = told.column is not None or told.has_header or _TABLE.search(told.file_name)

    def likelihood(separator: str) -> tuple[bool, bool, int]:
        first = next(iter(rows[separator]), [])
        return told.column in first, _column_of_ids(first) is not None, len(first)

    even = [each for each, found in rows.items() if len({len(row) for row in found}) == 1 and len(found[0]) > 1]
    if not even and not is_table:
        return NOTHING
    return max(even or SEPARATORS, key=likelihood)  # where nothing tells: a comma


def _column_of_ids(names: Sequence[str]) -> int | None:
    """Return which column of a first line is called as ids are, counted from 1."""
    found = (at for called in _NAMES for at, name in enumerate(names, start=1) if called.match(name))
    return next(found, None)


def _doubt_of_text(lines: Sequence[str]) -> str:
    held = next((words for each, words in SEPARATORS.items() if lines and all(each in line for line in lines)), "")
    return f"Every line holds a {held}: is this a CSV? Then choose what stands between its columns." if held else ""


def _refuse_where_another_separator_fits(lines: Sequence[str], column: int | str | None, separator: str) -> None:
    there = {each for each in SEPARATORS if _has(_cells(lines, each), column)}
    if column is not None and there and separator not in there:
        fits = next(words for each, words in SEPARATORS.items() if each in there)
        here = SEPARATORS[separator]
        message = f"With a {here} between the columns there is no column `{column}`; with a {fits} there is."
        raise InvalidInput.at("delimiter", message)


def _has(rows: Sequence[Sequence[str]], column: int | str | None) -> bool:
    if isinstance(column, str):
        return column in (rows[0] if rows else ())
    return any(column is not None and 0 < column <= len(row) for row in rows)


def _cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Return the rows as far as they are CSV, without the empty ones."""
    rows = []
    reader = csv.reader(lines, delimiter=separator)
    with suppress(csv.Error):  # a cell beyond the limit, say: the rows before it tell enough
        for row in reader:
            rows.append([cell.strip() for cell in row])  # noqa: PERF401 - those before an error are kept
    return [row for row in rows if any(row)]


def _first_lines(raw: bytes) -> list[str]:
    """Return the lines of the beginning that are not blank; of a longer file without the one that is cut off."""
    whole = raw[:LOOKED_AT_BYTES].removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    if len(raw) > LOOKED_AT_BYTES and len(whole) > 1:
        whole.pop()
    return [line.decode(errors="replace") for line in whole if line.strip()]


def _short(text: str) -> str:
    return text.strip()[:60]
