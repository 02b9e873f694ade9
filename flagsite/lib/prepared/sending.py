"""Sending a statement whose text never changes: values go beside it, so that PostgreSQL plans it once a connection.

Django's own cursors write values into the text. Whether statements are kept by PostgreSQL at all is a setting
(`DATABASE_PREPARED_STATEMENTS`); without it they are sent in the same way, and planned each time.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

Values = Sequence[Any]
Told = TypeVar("Told")


def own_connection() -> BaseDatabaseWrapper:
    """Return this thread's connection itself: what stands for it, `django.db.connection`, looks it up at each use."""
    return connections[DEFAULT_DB_ALIAS]


def rows_of(connection: BaseDatabaseWrapper, sql: str, values: Values) -> list[tuple[Any, ...]]:
    """Return the rows that a statement answers with."""
    return _told(connection, sql, values, lambda cursor: cursor.fetchall())


def count_of(connection: BaseDatabaseWrapper, sql: str, values: Values) -> int:
    """Return how many rows a statement has written."""
    return _told(connection, sql, values, lambda cursor: int(cursor.rowcount))


def _told(connection: BaseDatabaseWrapper, sql: str, values: Values, tell: Callable[[Any], Told]) -> Told:
    try:
        return _sent(connection, sql, values, tell)
    except NotSupportedError:  # the type of a column has changed since it was planned
        if connection.in_atomic_block:
            raise  # psycopg forgets all plans with the rollback that follows
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        return _sent(connection, sql, values, tell)


def _sent(connection: BaseDatabaseWrapper, sql: str, values: Values, tell: Callable[[Any], Told]) -> Told:
    with _cursor(connection) as cursor:
        cursor.execute(sql, values)
        return tell(cursor)


def _cursor(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """Return a cursor; one of Django's own where it writes down what is asked, in words."""
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor  # needs psycopg, which SQLite does without

    connection.ensure_connection()
    cursor: Any = ServerBindingCursor
    return connection.make_cursor(cursor(connection.connection))
