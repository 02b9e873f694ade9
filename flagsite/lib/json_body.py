"""JSON in and out of the REST API, strictly: no NaN, no NUL characters, no bottomless nesting."""

from collections.abc import Mapping
from typing import IO, Any, Final

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from flagsite.lib.problems import TooLarge

MAX_BYTES: Final = 8 * 1024 * 1024
"""A segment of 100,000 ids fits."""
MAX_DEPTH: Final = 64
"""Levels of nesting that a request body may have; a condition may have 20 of its own inside a flag."""
MAX_VALUES: Final = 400_000
"""Values that a request body may hold, names in objects included: each is looked at one by one, and told apart where it
is wrong. A segment of 200,000 ids fits."""


class JsonParser(BaseParser):
    """Read a JSON body; malformed, deeply nested or NUL-carrying ones are a 400 with the reason."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the decoded body; an empty one is an empty object."""
        del media_type, parser_context
        raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise TooLarge(f"A body has at most {MAX_BYTES} bytes.")
        if not raw.strip():
            return {}
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not valid JSON: {error}") from None
        problem = unacceptable(value)
        if problem:
            raise ParseError(problem)
        return value


class JsonRenderer(BaseRenderer):
    """Write JSON; floats keep their point (`1.0`), as typed clients need."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the encoded body; nothing at all for None."""
        del accepted_media_type, renderer_context
        return b"" if data is None else orjson.dumps(data)


def unacceptable(value: Any) -> str | None:
    """Say what a database or an evaluator could not hold, walking without recursion."""
    level, left = [value], MAX_VALUES
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                if "\0" in item:
                    return "The body holds a NUL character (\\u0000), which cannot be stored."
            elif isinstance(item, dict):
                below.extend(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return None
        level, left = below, left - len(below)
        if left < 0:
            return f"The body holds more than {MAX_VALUES} values."
    return f"The body is nested deeper than {MAX_DEPTH} levels."
