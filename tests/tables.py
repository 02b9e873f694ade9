"""Every row that the installation holds, to prove that a refused request changed nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps

APPS = ("accounts", "segments", "flags", "rollouts", "auditlog")
UNRELATED = {"last_used_at"}
"""That a key was used is noted, whatever came of the request."""


def rows() -> dict[str, list[Any]]:
    """Return the rows of all tables that a service may write."""
    return {
        model._meta.label: list(
            model._base_manager.order_by("pk").values_list(
                *(field.attname for field in model._meta.concrete_fields if field.name not in UNRELATED),
            ),
        )
        for app in APPS
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    }


@contextmanager
def nothing_changes() -> Iterator[None]:
    """Fail when any row has come, gone or changed at the end of the block."""
    before = rows()
    yield
    after = rows()
    assert {label: after[label] for label in after if after[label] != before[label]} == {}
