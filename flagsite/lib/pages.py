"""Pages of a long list, by cursor: stable while rows come and go."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class KeyPages(CursorPagination):
    """Pages ordered by key."""

    ordering = "key"
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"


class NewestPages(KeyPages):
    """Pages of revisions, the newest first."""

    ordering = "-number"


PAGE_PARAMETERS = frozenset({"cursor", "page_size"})


def page_of(pages: type[CursorPagination], rows: Any, request: Request, view: APIView, shape: Any) -> Any:
    """Return one page of `rows`, each put through `shape`, as the response body."""
    paginator = pages()
    found = paginator.paginate_queryset(rows, request, view=view) or []
    return paginator.get_paginated_response([shape(row) for row in found])
