"""Rows that are written one at a time, by statements whose text is made once.

As with `bulk_create` and `update`, no signal is sent; what a field does on its way into the database, it does.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

from flagsite.lib.prepared.sending import count_of, own_connection, rows_of

Row = TypeVar("Row", bound=Model)
Fields = Sequence[Any]
"""A model's, as Django's `_meta` gives them."""


class Insert(Generic[Row]):
    """Puts new rows of one model into its table, whose key the database makes."""

    def __init__(self, model: type[Row]) -> None:
        """Take the model; others that it refers to need not be ready yet."""
        self._model: Final = model

    def put(self, row: Row) -> Row:
        """Write the row, and return it with its key."""
        connection = own_connection()
        ((row.pk,),) = rows_of(connection, self._sql, _stored(self._fields, row, connection, is_new=True))
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - Django documents it
        return row

    @cached_property
    def _fields(self) -> Fields:
        return [field for field in self._model._meta.concrete_fields if not field.primary_key]  # noqa: SLF001 - likewise

    @cached_property
    def _sql(self) -> str:
        columns, places = ", ".join(map(_column, self._fields)), ", ".join(["%s"] * len(self._fields))
        return f"INSERT INTO {_table(self._model)} ({columns}) VALUES ({places}) RETURNING {_key(self._model)}"  # noqa: S608 - names of ours


class Update(Generic[Row]):
    """Writes some fields of rows that are there."""

    def __init__(self, model: type[Row], names: Iterable[str]) -> None:
        """Take the model and the names of its fields."""
        self._model: Final = model
        self._names: Final = tuple(names)

    def put(self, row: Row) -> None:
        """Write the fields as they are in the row.

        Raises:
            DatabaseError: when the row is not there.
        """
        connection = own_connection()
        values = _stored(self._fields, row, connection, is_new=False)
        if count_of(connection, self._sql, [*values, row.pk]) != 1:
            raise DatabaseError(f"{self._model.__name__} {row.pk} is not there.")

    @cached_property
    def _fields(self) -> Fields:
        return [self._model._meta.get_field(name) for name in self._names]  # noqa: SLF001 - Django documents it

    @cached_property
    def _sql(self) -> str:
        columns = ", ".join(f"{_column(field)} = %s" for field in self._fields)
        return f"UPDATE {_table(self._model)} SET {columns} WHERE {_key(self._model)} = %s"  # noqa: S608 - names of ours


def _stored(fields: Fields, row: Model, connection: BaseDatabaseWrapper, *, is_new: bool) -> list[Any]:
    """Return what the database is given of the fields; what sets itself, such as a date with `auto_now`, is set."""
    return [field.get_db_prep_save(field.pre_save(row, is_new), connection) for field in fields]


def _table(model: type[Model]) -> str:
    return _quoted(model._meta.db_table)  # noqa: SLF001 - Django documents it


def _key(model: type[Model]) -> str:
    return _column(model._meta.pk)  # noqa: SLF001 - likewise


def _column(field: Any) -> str:
    return _quoted(field.column)


def _quoted(name: str) -> str:
    return own_connection().ops.quote_name(name)
