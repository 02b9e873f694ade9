"""Files of ids: an uploaded one read, with each line that is wrong named; a list written as CSV.

Pure, and it knows no segments. A file is UTF-8, with or without a byte order mark, of lines that end with LF, CRLF
or CR. It is a plain text with one id per line, or a CSV one of whose columns holds the ids. Spaces around an id mean
nothing.

Spreadsheets take a cell that begins with one of = + - @ (or a tab, or a line's end) for a formula. So the CSV that is
written has an apostrophe before such an id, and the CSV that is read loses it again (OWASP, "CSV Injection").
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import StringIO
from typing import Final

from flagsite.lib.problems import InvalidInput

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
MAX_FILE_IDS: Final = 100_000
MAX_ID: Final = 512
"""Characters of an uploaded id."""
MAX_COLUMNS: Final = 1_000
HEADER: Final = "id"

_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n]")


class Wrong(StrEnum):
    """What can be wrong with a line."""

    EMPTY = "no id"
    TOO_LONG = f"longer than {MAX_ID} characters"
    NUL = "holds a NUL character"
    TWICE = "is in the file already"
    NOT_UTF8 = "not UTF-8"
    NOT_CSV = "not CSV: a quotation mark in the wrong place, or one that is never closed"
    NO_COLUMN = "has no such column"


@dataclass(frozen=True)
class Problem:
    """A line that gives no id; `line` counts from 1."""

    line: int
    wrong: Wrong


@dataclass(frozen=True)
class Layout:
    """Where the ids are: the whole line, or a column of a CSV, by number from 1 or by its name in the first line."""

    column: int | str | None = None
    has_header: bool = False
    delimiter: str = ","


@dataclass(frozen=True)
class Reading:
    """The ids of a file, each once, in their order, and what was wrong with the other lines."""

    ids: list[str]
    problems: list[Problem]

    def counts(self) -> list[tuple[str, int]]:
        """Return how many lines are wrong in which way, the most frequent first."""
        return [(wrong.value, count) for wrong, count in Counter(each.wrong for each in self.problems).most_common()]


def read_ids(raw: bytes, layout: Layout) -> Reading:
    """Read a file: every line but the header becomes an id or a problem.

    Raises:
        InvalidInput: at `file`, when it is over a limit; at `column`, when the first line names no such column.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise InvalidInput.at("file", f"The file has more than {MAX_FILE_BYTES // 1024**2} MiB.")
    lines = raw.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    records = _plain(lines) if layout.column is None else _column(lines, layout)
    seen: dict[str, None] = {}
    problems: list[Problem] = []
    for number, found in records:
        wrong = found if isinstance(found, Wrong) else _wrong_with(found, seen)
        if isinstance(found, Wrong) or wrong is not None:
            problems.append(Problem(number, wrong or Wrong.EMPTY))
        else:
            seen[found] = None
        if len(seen) > MAX_FILE_IDS:
            raise InvalidInput.at("file", f"The file has more than {MAX_FILE_IDS:,} ids; upload it in parts.")
    return Reading(list(seen), problems)


def _wrong_with(found: str, seen: dict[str, None]) -> Wrong | None:
    if not found:
        return Wrong.EMPTY
    if "\0" in found:
        return Wrong.NUL
    if len(found) > MAX_ID:
        return Wrong.TOO_LONG
    return Wrong.TWICE if found in seen else None


def _plain(lines: Iterable[bytes]) -> Iterator[tuple[int, str | Wrong]]:
    for number, line in enumerate(lines, start=1):
        text = _decoded(line)
        yield number, Wrong.NOT_UTF8 if text is None else text.strip()


def _column(lines: list[bytes], layout: Layout) -> Iterator[tuple[int, str | Wrong]]:
    at = layout.column - 1 if isinstance(layout.column, int) else None
    if at is not None and not 0 <= at < MAX_COLUMNS:
        raise InvalidInput.at("column", f"Columns are numbered from 1 to {MAX_COLUMNS:,}.")
    for index, (number, row) in enumerate(_rows(lines, layout.delimiter)):
        if index == 0 and (at is None or layout.has_header):
            at = _named(layout.column, row) if at is None else at
        elif isinstance(row, Wrong):
            yield number, row
        elif not any(cell.strip() for cell in row):
            yield number, Wrong.EMPTY
        else:
            yield number, Wrong.NO_COLUMN if at is None or at >= len(row) else _unguarded(row[at].strip())


def _named(name: int | str | None, row: list[str] | Wrong) -> int:
    names = [] if isinstance(row, Wrong) else [cell.strip() for cell in row]
    if name not in names:
        there = ", ".join(names[:20])[:500] or "nothing that can be read"
        raise InvalidInput.at("column", f"The first line names no column `{name}`; it has {there}.")
    return names.index(str(name))


def _rows(lines: list[bytes], delimiter: str) -> Iterator[tuple[int, list[str] | Wrong]]:
    """Return the records of a CSV with the number of the line on which each begins."""
    bad: set[int] = set()

    def texts() -> Iterator[str]:
        for number, line in enumerate(lines, start=1):
            text = _decoded(line)
            if text is None:
                bad.add(number)
            yield line.decode(errors="replace") if text is None else text

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while reader.line_num < len(lines):
        first = reader.line_num + 1
        row: list[str] | Wrong
        try:
            row = next(reader)
        except csv.Error:
            row = Wrong.NOT_CSV
        except StopIteration:
            return
        yield first, Wrong.NOT_UTF8 if bad & set(range(first, reader.line_num + 1)) else row


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None


def written_csv(ids: Iterable[str], *, chunk: int = 2_000) -> Iterator[str]:
    """Write the ids as a CSV of one column with a header, some thousand lines at a time."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow([HEADER])
    for number, one in enumerate(ids, start=1):
        writer.writerow([_guarded(one)])
        if number % chunk == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _guarded(one: str) -> str:
    return f"'{one}" if _FORMULA.match(one) else one


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
