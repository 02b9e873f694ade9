"""Reads that the ORM puts into SQL once, because writing such a question takes it longer than the answer takes.

For reads by a key, on a road that is measured (docs/explanation/scale.md, decision 0024); everything else asks in the
ordinary way.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db.models import Expression, Model, QuerySet

Row = TypeVar("Row", bound=Model)


class Given(Expression):
    """What is asked about, filled in when it is asked; a text, a number or another value that columns hold as it is."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, Any]:
        """Leave a place for the value."""
        return "%s", (self,)


class Prepared(Generic[Row]):
    """A read of rows of one model, with places for what is asked about.

    It holds no rows and nothing of its last answer. What was written is written for the database of the process.
    """

    def __init__(self, write: Callable[[], QuerySet[Row]]) -> None:
        """Take how the read is written; models need not be ready yet."""
        self._write = write

    @cached_property
    def _written(self) -> tuple[Any, str, tuple[Any, ...]]:
        rows = self._write()
        return rows.model._base_manager, *rows.query.sql_with_params()  # noqa: SLF001 - managers may add what is not asked

    def ask(self, **given: Any) -> list[Row]:
        """Return the rows that the database has now for these values."""
        rows, sql, parameters = self._written
        return list(rows.raw(sql, [given[each.name] if isinstance(each, Given) else each for each in parameters]))

    def one(self, **given: Any) -> Row | None:
        """Return the row, or None; for reads that find one at most."""
        return next(iter(self.ask(**given)), None)
