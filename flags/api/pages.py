"""In which order flags, revisions and change requests come in pages."""

from typing import Any

from rest_framework.request import Request

from flags.history import entries_of
from flagsite.lib.digits import number_of
from flagsite.lib.pages import KeyPages


class StatePages(KeyPages):
    """States by their flag's key."""

    ordering = ("flag__key",)


class HistoryPages(KeyPages):
    """Revisions, the newest first."""

    ordering = ("-number",)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """Return the page's revisions with what each changed."""
        return entries_of(super().paginate_queryset(queryset, request, view=view) or [])

    def is_position(self, text: str) -> bool:
        """Revisions are counted."""
        return number_of(text) is not None


class ChangeRequestPages(KeyPages):
    """Change requests, the newest first."""

    ordering = ("-id",)

    def is_position(self, text: str) -> bool:
        """Change requests are numbered."""
        return number_of(text) is not None
