"""Pages of a long list, by cursor: stable while rows come and go, however many of them share a moment.

A cursor is the place of a row in the list's order, and on which side of it the page lies. It knows nothing of what the
rows mean.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, ClassVar
from uuid import UUID

import orjson
from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from flagsite.lib.digits import number_of
from flagsite.lib.keys import is_key
from flagsite.lib.moments import rfc3339
from flagsite.lib.problems import InvalidInput

Read = Callable[[str], Any]
"""How a text out of a cursor is read; None for one that no page has written."""


def key_of(text: str) -> str | None:
    """Return a text that is a key."""
    return text if is_key(text) else None


def text_of(text: str) -> str | None:
    """Return a text that a database can compare with others."""
    return None if "\0" in text else text


def uuid_of(text: str) -> UUID | None:
    """Return the UUID that a text writes."""
    try:
        return UUID(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Cursor:
    """A page begins behind this place, or, going back, ends before it."""

    place: Sequence[Any]
    is_back: bool


class KeyPages:
    """Pages ordered by key; `?page_size=` asks for up to a thousand rows."""

    order: ClassVar[Mapping[str, Read]] = {"key": key_of}
    """The paths by which rows are ordered, each with how a cursor's text is read. Together no two rows may share them:
    a page that ended between two such could not say where."""
    descends: ClassVar[bool] = False
    page_size: ClassVar = 100
    max_page_size: ClassVar = 1000

    @classmethod
    def told(cls, rows: list[Any]) -> list[Any]:
        """Return what is shown of a page's rows."""
        return rows


def page_of(pages: type[KeyPages], rows: Any, request: Request, shape: Callable[[Any], Any]) -> Response:
    """Return one page of `rows`, each put through `shape`, with the addresses of those beside it, as the response.

    Raises:
        InvalidInput: for a page size that is none, or a cursor that no page has given.
    """
    size, cursor = _size(pages, request), _cursor(pages, request)
    is_back = cursor is not None and cursor.is_back
    found = list(_from(pages, rows, cursor)[: size + 1])
    is_more, found = len(found) > size, found[:size]
    if is_back:
        found.reverse()
    follows, precedes = (True, is_more) if is_back else (is_more, cursor is not None)
    return Response(
        {
            "next": _address(request, pages, found[-1], is_back=False) if found and follows else None,
            "previous": _address(request, pages, found[0], is_back=True) if found and precedes else None,
            "results": [shape(row) for row in pages.told(found)],
        }
    )


def _from(pages: type[KeyPages], rows: Any, cursor: Cursor | None) -> Any:
    """Return the rows from the cursor on, in the direction in which it goes."""
    paths = list(pages.order)
    descends = pages.descends if cursor is None else pages.descends != cursor.is_back
    rows = rows.order_by(*(f"-{path}" if descends else path for path in paths))
    if cursor is None:
        return rows
    side = "lt" if descends else "gt"
    if len(paths) == 1:
        return rows.filter(**{f"{paths[0]}__{side}": cursor.place[0]})
    beyond = TupleLessThan if descends else TupleGreaterThan
    # the first alone besides: by a comparison of several, PostgreSQL would not know which partitions to leave out
    return rows.filter(
        Q(**{f"{paths[0]}__{side}e": cursor.place[0]}), beyond(Tuple(*map(F, paths)), tuple(cursor.place))
    )


def _size(pages: type[KeyPages], request: Request) -> int:
    text = request.query_params.get("page_size")
    size = pages.page_size if text is None else number_of(text)
    if not size or size > pages.max_page_size:
        raise InvalidInput.at("page_size", f"A page has 1 to {pages.max_page_size} rows.")
    return size


def _cursor(pages: type[KeyPages], request: Request) -> Cursor | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        match orjson.loads(base64.b64decode(text, altchars=b"-_", validate=True)):
            case [bool(is_back), *texts] if len(texts) == len(pages.order) and all(isinstance(t, str) for t in texts):
                place = [read(text) for read, text in zip(pages.order.values(), texts, strict=True)]
                if None not in place:
                    return Cursor(place, is_back)
    except (binascii.Error, ValueError):  # the latter also for what is no JSON, or no ASCII
        pass
    raise InvalidInput.at("cursor", "This is not a cursor that a page has given.")


def _address(request: Request, pages: type[KeyPages], row: Any, *, is_back: bool) -> str:
    """Return the address of the page behind a row, or of the one before it."""
    texts = [_text(reduce(getattr, path.split("__"), row)) for path in pages.order]
    cursor = base64.urlsafe_b64encode(orjson.dumps([is_back, *texts])).decode()
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)


def _text(value: Any) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
