"""Walking through the desk by its links, as far as somebody gets, and what each page offers to send."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

LINKS = "[...document.links].map((link) => link.href)"
FORMS = """[...document.forms].filter((form) => form.method === "post")
    .filter((form) => form.querySelector("button:not([type=button]), input[type=submit]"))
    .map((form) => {
        for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = true;
        for (const choice of form.querySelectorAll("select")) choice.value ||= [...choice.options].at(-1)?.value ?? "";
        return form;
    })
    .map((form) => ({
        address: new URL(form.getAttribute("action") || "", location.href).pathname,
        fields: Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === "string")),
    }))"""


@dataclass(frozen=True)
class Sent:
    """A form that a page offers to send: where to, and what, with every box ticked and every choice made."""

    address: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Visited:
    """One page, what it leads to, and what it offers to send."""

    address: str
    links: tuple[str, ...]
    forms: tuple[Sent, ...]


def walk(page: Page, start: str = "/admin/") -> Iterator[Visited]:
    """Visit one page of each kind that can be reached: addresses that differ by a number alone are of one kind."""
    waiting, known = [start], {_kind(start)}
    while waiting:
        address = waiting.pop(0)
        response = page.goto(address)
        assert response
        assert response.status == 200, address
        links = tuple(dict.fromkeys(map(_path, page.evaluate(LINKS))))
        forms: list[Any] = page.evaluate(FORMS)
        yield Visited(address, links, tuple(Sent(each["address"], each["fields"]) for each in forms))
        for link in links:
            if link.startswith("/admin/") and "download" not in link and _kind(link) not in known:
                known.add(_kind(link))
                waiting.append(link)


def _path(link: str) -> str:
    return urlsplit(link).path


def _kind(address: str) -> str:
    return re.sub(r"[0-9a-f-]{36}|\d+", "N", address)
