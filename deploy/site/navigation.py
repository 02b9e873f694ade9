"""The site's navigation, read from the map that docs/README.md is: one list of pages for both.

A heading opens a group, a link in a list adds its page; a link to a part of a page adds nothing. Titles are the pages'
own.
"""

import posixpath
import re
from collections.abc import Mapping
from typing import TypeAlias

Entry: TypeAlias = "str | dict[str, str | list[Entry]]"

_HEADING = re.compile(r"(?P<level>#{2,3}) +(?P<title>.+?) *$")
_PAGE = re.compile(r"\]\((?P<file>[^)\s#]+\.md)\)")


def navigation(text: str, *, page: str, places: Mapping[str, str], home: str) -> list[Entry]:
    """What MkDocs calls `nav`: the home page, then a group for each part of the map that lists pages."""
    groups: list[Entry] = [{"Home": home}]
    seen = {home}
    open_groups: list[list[Entry]] = [groups]
    in_list = False
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            del open_groups[len(heading["level"]) - 1 :]
            group: list[Entry] = []
            open_groups[-1].append({heading["title"]: group})
            open_groups.append(group)
        in_list = line.startswith("- ") or (in_list and line.startswith(" "))
        for link in _PAGE.finditer(line) if in_list else ():
            file = places.get(posixpath.normpath(posixpath.join(posixpath.dirname(page), link["file"])), "")
            if file and file not in seen:
                seen.add(file)
                open_groups[-1].append(file)
    return [group for group in groups if _pages(group)]


def _pages(entry: Entry) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    return [
        page
        for group in entry.values()
        for each in ([group] if isinstance(group, str) else group)
        for page in _pages(each)
    ]
