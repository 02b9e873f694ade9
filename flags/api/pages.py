"""In which order flags, revisions and change requests come in pages."""

from typing import Any, ClassVar

from flags.history import entries_of
from flagsite.lib.digits import number_of
from flagsite.lib.pages import KeyPages, key_of


class StatePages(KeyPages):
    """States by their flag's key."""

    order: ClassVar = {"flag__key": key_of}


class HistoryPages(KeyPages):
    """Revisions, the newest first."""

    order: ClassVar = {"number": number_of}
    descends = True

    @classmethod
    def told(cls, rows: list[Any]) -> list[Any]:
        """Return the page's revisions with what each changed."""
        return entries_of(rows)


class ChangeRequestPages(KeyPages):
    """Change requests, the newest first."""

    order: ClassVar = {"id": number_of}
    descends = True
