"""What most tests begin with is made by its services once in a process, and carried in from then on, row by row.

A shop of three environments and its people are some 150 statements; carried in they are one each. The rows are the very
same, ids included: a test that has ended took them away with its transaction, and sequences never give an id twice.
Where there is no transaction to end, or a test has stopped the clock, they are made anew.
"""

import copy
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import Model

from flagsite.lib import clock

Made = TypeVar("Made")
Rows = dict[type[Model], set[Any]]

_running_clock = clock.now
_kept: dict[Hashable, tuple[Any, str, list[list[str]]]] = {}
"""What was made, the statement that brings its rows back, and the rows as PostgreSQL writes them."""


def furnished(what: Hashable, make: Callable[[], Made]) -> Made:
    """Return what `make` makes, with its rows in the database; whatever `make` depends on is said by `what`."""
    if not connection.in_atomic_block or clock.now is not _running_clock:
        return make()
    what = (what, ContentType.objects.get_for_model(ContentType).pk)  # they are new where a database was emptied
    if what not in _kept:
        before = _rows()
        made = make()
        _kept[what] = (
            copy.deepcopy(made),
            *_carrying({model: found - before[model] for model, found in _rows().items()}),
        )
        return made
    made, statement, rows = _kept[what]
    with connection.cursor() as cursor:
        cursor.execute(statement, rows)
    return copy.deepcopy(made)


def _rows() -> Rows:
    """Return the keys of all rows that there are."""
    models = apps.get_models(include_auto_created=True)
    return {
        model: set(model._base_manager.values_list("pk", flat=True))
        for model in models
        if model._meta.managed and not model._meta.proxy
    }


def _carrying(new: Rows) -> tuple[str, list[list[str]]]:
    """Return a statement that puts these rows in, and its parameters."""
    statements, parameters = [], []
    with connection.cursor() as cursor:
        for model, keys in new.items():
            if keys:
                table, key = model._meta.db_table, model._meta.pk.column
                cursor.execute(
                    f'SELECT array_agg(t::text ORDER BY "{key}") FROM "{table}" t WHERE "{key}" = ANY(%s)',  # noqa: S608
                    [list(keys)],
                )
                statements.append(
                    f'INSERT INTO "{table}" SELECT (row::"{table}").* FROM unnest(%s::text[]) AS row'  # noqa: S608
                )
                parameters.append(cursor.fetchone()[0])
    return "; ".join(statements), parameters
