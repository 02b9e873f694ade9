"""Reads that the ORM puts into SQL once, and that are asked with other values each time."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import get_related_populators

from flagsite.lib.prepared.sending import own_connection, rows_of

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
    """A read of rows of one model, with places for what is asked about; with what is related, if that was selected.

    It holds no rows and nothing of its last answer. What was written is written for the database of the process.
    """

    def __init__(self, write: Callable[[], QuerySet[Row]]) -> None:
        """Take how the read is written; models need not be ready yet."""
        self._write = write

    @cached_property
    def _written(self) -> "_Written[Row]":
        return _Written(self._write())

    def ask(self, **given: Any) -> list[Row]:
        """Return the rows that the database has now for these values."""
        written = self._written
        values = [given[each.name] if isinstance(each, Given) else each for each in written.parameters]
        connection = own_connection()
        return [written.row(connection, values) for values in rows_of(connection, written.sql, values)]

    def one(self, **given: Any) -> Row | None:
        """Return the row, or None; for reads that find one at most."""
        return next(iter(self.ask(**given)), None)


class _Written(Generic[Row]):
    """A read as SQL, and how what it answers becomes rows: as `django.db.models.query.ModelIterable` does it."""

    def __init__(self, rows: QuerySet[Row]) -> None:
        compiler: Any = rows.query.get_compiler(connection=own_connection())
        self.sql, self.parameters = compiler.as_sql()
        columns = [column for column, *_ in compiler.select]
        self._converters = list(compiler.get_converters(columns).items())
        self._model: type[Row] = rows.model
        own = compiler.klass_info["select_fields"]
        self._own = slice(own[0], own[-1] + 1)
        self._names = [column.target.attname for column in columns[self._own]]
        populators: Any = get_related_populators
        self._related = populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)
        self._added = list(compiler.annotation_col_map.items())

    def row(self, connection: BaseDatabaseWrapper, values: tuple[Any, ...]) -> Row:
        """Return what the database has answered as a row of the model."""
        converted = list(values)
        for position, (convert, expression) in self._converters:
            for each in convert:
                converted[position] = each(converted[position], expression, connection)
        row = self._model.from_db(DEFAULT_DB_ALIAS, self._names, converted[self._own])
        for related in self._related:
            related.populate(converted, row)
        for name, position in self._added:
            setattr(row, name, converted[position])
        return row
