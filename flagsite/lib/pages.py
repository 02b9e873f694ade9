"""Pages of a long list, by cursor: stable while rows come and go."""

from functools import reduce
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from flagsite.lib.digits import number_of
from flagsite.lib.keys import is_key
from flagsite.lib.problems import InvalidInput


class KeyPages(CursorPagination):
    """Pages ordered by key; `?page_size=` asks for up to a thousand rows."""

    ordering: Any = ("key",)  # a tuple: DRF takes two underscores in a text for a mistake
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int | None:
        """Return how many rows the caller wants.

        Raises:
            InvalidInput: for what is no number from 1; DRF would silently fall back on its default.
        """
        text = request.query_params.get(self.page_size_query_param)
        size = self.page_size if text is None else number_of(text)
        if not size:
            raise InvalidInput.at("page_size", f"A page has 1 to {self.max_page_size} rows.")
        return min(size, self.max_page_size)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the place from which the page goes on.

        Raises:
            InvalidInput: for a cursor that no page has given.
        """
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            cursor = Cursor(0, reverse=False, position=None)
        if cursor is not None and not (cursor.position and self.is_position(str(cursor.position))):
            raise InvalidInput.at("cursor", "This is not a cursor that a page has given.")
        return cursor

    def is_position(self, text: str) -> bool:
        """Tell whether the rows' ordering can be compared with a text out of a cursor."""
        return is_key(text)

    def _get_position_from_instance(self, instance: Any, ordering: Any) -> str:
        """Follow `flag__key` to the related row, which DRF does not."""
        names = ordering[0].lstrip("-").split("__")
        return str(reduce(getattr, names, instance))


def page_of(pages: type[CursorPagination], rows: Any, request: Request, view: APIView, shape: Any) -> Response:
    """Return one page of `rows`, each put through `shape`, as the response."""
    paginator = pages()
    found: list[Any] = paginator.paginate_queryset(rows, request, view=view) or []
    return paginator.get_paginated_response([shape(row) for row in found])
