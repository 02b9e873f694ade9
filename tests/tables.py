"""Every row that the installation holds, to prove that a refused request changed nothing, or to undo what one did."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.db import connection, transaction

from flags import snapshots

APPS = ("accounts", "segments", "flags", "rollouts", "auditlog")
UNRELATED = "last_used_at"
"""That a key was used is noted, whatever came of the request."""


def rows() -> dict[str, str]:
    """Return the rows of all tables that a service may write, as PostgreSQL tells them: a line of JSON each."""
    with connection.cursor() as cursor:
        cursor.execute(_every_table())
        return dict(cursor.fetchall())


@cache
def _every_table() -> str:
    """One statement: it is asked before and after hundreds of requests."""
    models = [model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True)]
    tables = {model._meta.label: model._meta.db_table for model in models if not model._meta.proxy}
    return " UNION ALL ".join(
        f"SELECT '{label}', coalesce(string_agg(line, E'\\n' ORDER BY line), '') "  # noqa: S608 - names of tables
        f"FROM (SELECT (to_jsonb(each) - '{UNRELATED}')::text AS line FROM \"{table}\" each) lines"
        for label, table in tables.items()
    )


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fail when any row has come, gone or changed at the end of the block."""
    before = rows()
    yield
    after = rows()
    changed = {label: (before[label], after[label]) for label in after if after[label] != before[label]}
    assert not changed, changed


@contextmanager
def undone() -> Iterator[None]:
    """Take back what the block does to the rows: cheaper than making everything anew for the next one."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    snapshots.forget_all()  # they would be ahead of the database
