"""docs/reference/limits.md says what the code says, and leaves no limit of the server out."""

import importlib
from typing import Any

import pytest
from django.db.models import CharField, Model

from accounts.models import Environment, Project
from flags import limits
from flags.api.serializers import FlagChange
from flags.models import Flag
from tests.docs.markdown import page, quoted, rows

PAGE = page("docs/reference/limits.md")
ROWS = list(rows(PAGE.text))


def _constant(dotted: str) -> Any:
    parts = dotted.split(".")
    for length in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for name in parts[length:]:
            found = getattr(found, name)
        return found
    raise LookupError(dotted)


@pytest.mark.parametrize("row", [row for row in ROWS if row[2]], ids=lambda row: row[2])
def test_a_limit_is_what_the_page_says(row: list[str]) -> None:
    _, value, where = row
    assert f"{_constant(quoted(where)[0]):,}" == value


def test_no_limit_of_the_server_is_left_out() -> None:
    documented = {name for row in ROWS for name in quoted(row[2])}
    declared = {f"flags.limits.{name}" for name in vars(limits) if name.isupper()}
    assert declared - documented == set()


def test_texts_are_as_long_as_the_page_says() -> None:
    documented = {what: int(value.replace(",", "")) for what, value, where in ROWS if not where}
    fields = FlagChange().fields
    actual = {
        "name of a flag, segment or variation: characters": _most(fields["name"]),
        "description: characters": _most(fields["description"]),
        "comment: characters": _most(fields["comment"]),
    }
    assert documented == actual
    assert {_longest(model, "key") for model in (Project, Environment, Flag)} == {128}


def _most(field: Any) -> Any:
    return field.max_length


def _longest(model: type[Model], field: str) -> int | None:
    found = model._meta.get_field(field)
    assert isinstance(found, CharField)
    return found.max_length
