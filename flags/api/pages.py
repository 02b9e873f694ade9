"""In which order flags and revisions come in pages."""

from flagsite.lib.digits import number_of
from flagsite.lib.pages import KeyPages


class StatePages(KeyPages):
    """States by their flag's key."""

    ordering = ("flag__key",)


class HistoryPages(KeyPages):
    """Revisions, the newest first."""

    ordering = ("-number",)

    def is_position(self, text: str) -> bool:
        """Revisions are counted."""
        return number_of(text) is not None
