"""The documentation as its tests see it: pages, headings, links, blocks of code, tables. Decides nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block of code, and where the text goes on behind it."""

    language: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path

    @cached_property
    def text(self) -> str:
        """The whole page."""
        return self.path.read_text()

    @property
    def name(self) -> str:
        """The path from the root of the project."""
        return str(self.path.relative_to(ROOT))

    @cached_property
    def blocks(self) -> list[Block]:
        """Its blocks of code, in order."""
        return [
            Block(found[2], _dedented(found[3], len(found[1])), found.start(), found.end())
            for found in _FENCE.finditer(self.text)
        ]

    @cached_property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return _FENCE.sub("", self.text)

    @cached_property
    def anchors(self) -> set[str]:
        """What a link into the page may name, by GitHub's rule."""
        found: set[str] = set()
        for heading in _HEADING.findall(self.prose):
            stem = _NOT_IN_ANCHORS.sub("", heading.replace("`", "").lower()).replace(" ", "-")
            twins = (f"{stem}-{number}" for number in range(1, 100))
            found.add(stem if stem not in found else next(twin for twin in twins if twin not in found))
        return found

    @property
    def links(self) -> list[str]:
        """Where its links lead."""
        return _LINK.findall(self.prose)

    @property
    def pictures(self) -> list[tuple[str, str]]:
        """What its pictures are said to show, and where they are."""
        return _PICTURE.findall(self.prose)

    def section(self, heading: str) -> str:
        """The text from a heading to the next one of any level."""
        _, _, rest = self.text.partition(f"# {heading}\n")
        assert rest, f"{self.name} has no heading {heading!r}"
        return re.split(r"^#{1,6} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def _dedented(text: str, spaces: int) -> str:
    return "".join(line[spaces:] if line.strip() else line for line in text.splitlines(keepends=True))


def pages() -> list[Page]:
    """Every page that users read."""
    paths = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "sdk_python").glob("*.md"),
    ]
    return [Page(path) for path in sorted(paths)]


def page(name: str) -> Page:
    """One page by its path from the root of the project."""
    return Page(ROOT / name)


def rows(text: str) -> Iterator[list[str]]:
    """The rows of the tables in a text, without their heads."""
    head_is_next = True
    for line in text.splitlines():
        if not line.startswith("|"):
            head_is_next = True
        elif head_is_next:
            head_is_next = False
        elif not re.fullmatch(r"[|:\- ]+", line):
            yield [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def quoted(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)
