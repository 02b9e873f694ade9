"""Pages of a long list, by cursor: stable while rows come and go."""

from functools import reduce
from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class KeyPages(CursorPagination):
    """Pages ordered by key; `?page_size=` asks for up to a thousand rows."""

    ordering = "key"
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"

    def _get_position_from_instance(self, instance: Any, ordering: Any) -> str:
        """Follow `flag__key` to the related row, which DRF does not."""
        names = ordering[0].lstrip("-").split("__")
        return str(reduce(getattr, names, instance))


def page_of(pages: type[CursorPagination], rows: Any, request: Request, view: APIView, shape: Any) -> Response:
    """Return one page of `rows`, each put through `shape`, as the response."""
    paginator = pages()
    found: list[Any] = paginator.paginate_queryset(rows, request, view=view) or []
    return paginator.get_paginated_response([shape(row) for row in found])
