"""Lists as Python-Markdown reads them, out of lists as CommonMark has them.

CommonMark goes on with an item where the item's text began; Python-Markdown wants four spaces for each level, and an
empty line before a list. Only margins are changed here: what is inside of a block of code keeps its own.
"""

import re

LEVEL = 4
_ITEM = re.compile(r"(?P<mark>[-*+]|\d{1,9}[.)])(?P<gap> +)(?=\S)")
_FENCE = re.compile(r"`{3,}|~{3,}")


def widened(text: str) -> str:
    """The same page, each level of its lists four spaces wide."""
    lines = _Lines()
    for line in text.split("\n"):
        lines.add(line)
    return "\n".join(lines.wide)


class _Lines:
    """What was read of a page so far."""

    def __init__(self) -> None:
        self.wide: list[str] = []
        self.margins: list[int] = []  # where the text of each open item begins, as written
        self.fence = ""

    def add(self, line: str) -> None:
        rest = line.lstrip(" ")
        indent = len(line) - len(rest)
        item = None if self.fence else _ITEM.match(rest)
        if not rest:
            self.wide.append("")
            return
        if not self.fence and (item or not self.wide or not self.wide[-1]):  # else it goes on with the line above
            self._leave(indent)
        margin = " " * (LEVEL * len(self.margins) + max(0, indent - self._begin))
        if item:
            if not self.margins and self.wide and self.wide[-1] and not self._list_above:
                self.wide.append("")
            self.margins.append(indent + item.end())
            rest = item["mark"].ljust(LEVEL) + rest[item.end() :]
        self.wide.append(margin + rest)
        self._list_above = bool(self.margins)
        self._fences(rest[LEVEL:] if item else rest)

    _list_above = False

    @property
    def _begin(self) -> int:
        return self.margins[-1] if self.margins else 0

    def _leave(self, indent: int) -> None:
        while self.margins and indent < self.margins[-1]:
            self.margins.pop()

    def _fences(self, rest: str) -> None:
        found = _FENCE.match(rest)
        if found and not self.fence:
            self.fence = found[0]
        elif found and found[0].startswith(self.fence) and rest.strip() == found[0]:
            self.fence = ""
