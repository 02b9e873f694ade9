"""A documented `curl` as a request to the REST API, and a documented answer beside the real one."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from tests.docs.markdown import Page

_ANSWER = re.compile(r"\n+`(?P<status>\d{3})`(?:, `ETag: (?P<etag>\"\d+\")`)?(?P<more>:\n\n```json\n)?")

_ELIDED = "…"
_COUNTED = frozenset({"revision", "id"})
"""Numbers that depend on what was published or made before."""


@dataclass(frozen=True)
class Example:
    """One request and the answer that the page gives to it."""

    command: str
    status: int
    etag: str | None
    body: Any

    @property
    def words(self) -> list[str]:
        """The command, as a shell splits it."""
        return shlex.split(self.command.replace("\\\n", " "))


def examples(page: Page) -> list[Example]:
    """The `curl` commands of a page that have an answer, in order."""
    found = []
    for block in page.blocks:
        answer = _ANSWER.match(page.text, block.end)
        if block.language == "bash" and block.text.startswith("curl") and answer:
            following = next((each for each in page.blocks if each.start > block.end), None)
            body = json.loads(following.text) if answer["more"] and following else None
            found.append(Example(block.text, int(answer["status"]), answer["etag"], body))
    return found


def ask(client: APIClient, example: Example, variables: Mapping[str, str]) -> HttpResponse:
    """Send the request that the command would send."""
    words = iter(example.words[1:])
    method, url, body, headers = "", "", "", {}
    for word in words:
        match word:
            case "-s" | "--compressed":
                pass
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = _filled_in(value, variables)
            case "-d":
                body = next(words)
            case _:
                url = _filled_in(word, variables)
    sent = client.generic(
        method or ("POST" if body else "GET"),
        url,
        body,
        content_type=headers.pop("Content-Type", ""),
        headers=headers,
    )
    assert isinstance(sent, HttpResponse)
    return sent


def _filled_in(text: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$([A-Z_]+)", lambda found: variables[found[1]], text)


def difference(documented: Any, real: Any, path: str = "") -> str | None:
    """Where a real answer differs from the documented one, None where it does not."""
    pairs: list[tuple[str, Any, Any]] | None = None
    if isinstance(documented, dict) and isinstance(real, dict):
        if documented.keys() != real.keys():
            return f"{path or 'answer'} has the fields {sorted(real)}"
        pairs = [(f"{path}.{name}", documented[name], real[name]) for name in documented]
    elif isinstance(documented, list) and isinstance(real, list) and len(documented) == len(real):
        pairs = [(f"{path}[{at}]", *two) for at, two in enumerate(zip(documented, real, strict=True))]
    if pairs is not None:
        found = (difference(one, other, where) for where, one, other in pairs)
        return next((each for each in found if each), None)
    if documented == _ELIDED and isinstance(real, str):
        return None
    if path.rpartition(".")[2] in _COUNTED and isinstance(documented, int) and isinstance(real, int):
        return None
    return None if documented == real else f"{path} is {real!r}"
