"""Migrations only add, and can be taken back: the old release serves while they run, and may come back after them."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import models
from django.db.migrations import operations as done
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

APPS = ("accounts", "flags", "rollouts", "segments")
ADDS: Final = (
    done.AddConstraint,
    done.AddIndex,
    done.AlterModelOptions,
    done.CreateModel,
    done.RunPython,
    done.RunSQL,
    done.SeparateDatabaseAndState,
)
"""What the code of before can live with; a new column is looked at more closely."""

BASELINE: Final = {"accounts": "0004", "flags": "0007", "rollouts": "0003", "segments": "0002"}
"""What the first release begins with: up to there nobody has an old release that could be hurt."""


def _operations() -> Iterator[tuple[str, str, Operation]]:
    for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
        if app in APPS:
            for operation in migration.operations:
                yield app, name, operation


OPERATIONS: Final = list(_operations())


def _adds(operation: Operation) -> bool:
    """Tell whether code that does not know of it can go on; a default in Python alone is none for an old INSERT."""
    if isinstance(operation, done.AddField):
        field: Any = operation.field
        return bool(field.null or field.db_default is not NOT_PROVIDED or field.many_to_many)
    return isinstance(operation, ADDS)


def test_a_migration_only_adds() -> None:
    taken = [
        f"{app}.{name}: {operation.describe()}"
        for app, name, operation in OPERATIONS
        if name[:4] > BASELINE[app] and not _adds(operation)
    ]
    assert taken == [], "remove in a later release than the one that stops using it: docs/how-to/release.md"
    assert len(OPERATIONS) > 50


def test_what_an_old_release_cannot_live_with_is_known() -> None:
    text = models.CharField(max_length=9)
    assert not _adds(done.RemoveField("flag", "name"))
    assert not _adds(done.DeleteModel("flag"))
    assert not _adds(done.RenameField("flag", "name", "title"))
    assert not _adds(done.AlterField("flag", "name", text))
    assert not _adds(done.AddField("flag", "name", text))
    assert not _adds(done.AddField("flag", "name", models.CharField(max_length=9, default="")))
    assert _adds(done.AddField("flag", "name", models.CharField(max_length=9, db_default="")))
    assert _adds(done.AddField("flag", "at", models.DateTimeField(null=True)))


@pytest.mark.parametrize("app", APPS)
def test_a_migration_can_be_taken_back(app: str) -> None:
    assert [name for own, name, operation in OPERATIONS if own == app and not operation.reversible] == []


def test_every_migration_says_what_it_is_for() -> None:
    assert {name for _, name, _ in OPERATIONS if "_auto_" in name} == set()
