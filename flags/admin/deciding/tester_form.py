"""Whom the tester asks about: an id and rows of attributes, or a context as JSON."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from django import forms
from django.http import QueryDict
from unfold.widgets import UnfoldAdminTextInputWidget

from flags.evaluation import Context, checked_context
from flagsite.lib.problems import Refusal
from flagsite.lib.text_fields import JsonTextField

MAX_ROWS: Final = 50
"""Attributes that are asked for in rows; whoever has more writes JSON."""
TYPES: Final = (("text", "Text"), ("number", "Number"), ("boolean", "True or false"), ("list", "List of texts"))
TRUTH: Final = {"true": True, "false": False}


@dataclass(frozen=True)
class Row:
    """An attribute as it was typed."""

    name: str
    type: str
    value: str

    def parsed(self) -> Any:
        """Return the value.

        Raises:
            ValueError: saying what is wrong.
        """
        match self.type:
            case "number":
                return _number(self)
            case "boolean":
                if self.value.strip().lower() not in TRUTH:
                    raise ValueError(f"{self.name}: write true or false.")
                return TRUTH[self.value.strip().lower()]
            case "list":
                return [part.strip() for part in self.value.split(",") if part.strip()]
            case _:
                return self.value


def rows_in(data: QueryDict) -> list[Row]:
    """Return the rows that were sent, without those that name no attribute."""
    columns = (data.getlist(f"attribute_{name}") for name in ("name", "type", "value"))
    rows = [Row(name.strip(), kind, value) for name, kind, value in zip(*columns, strict=False)]
    return [row for row in rows if row.name]


def rows_of(context: Context) -> list[Row] | None:
    """Return the rows that make this context; None when rows cannot say it."""
    rows = []
    for name, value in context.items():
        if name == "id":
            continue
        if isinstance(value, bool):
            rows.append(Row(name, "boolean", str(value).lower()))
        elif isinstance(value, int | float):
            rows.append(Row(name, "number", orjson.dumps(value).decode()))
        elif isinstance(value, str):
            rows.append(Row(name, "text", value))
        elif isinstance(value, list) and all(isinstance(one, str) and one and "," not in one for one in value):
            rows.append(Row(name, "list", ", ".join(value)))
        else:
            return None
    return rows


class ContextForm(forms.Form):
    """A context. `given_as` says which half of the form counts."""

    given_as = forms.ChoiceField(choices=[("rows", "Form"), ("json", "JSON")], required=False)
    id = forms.CharField(max_length=512, required=False, strip=False, label="Id", widget=UnfoldAdminTextInputWidget())
    json = JsonTextField(rows=10, required=False, label="Context, as JSON")

    def __init__(self, data: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.rows = rows_in(data) if data is not None else []

    def clean(self) -> dict[str, Any]:
        """Put the context together: `context` in the cleaned data."""
        data = self.cleaned_data
        if self.errors:
            return data
        try:
            context = data["json"] if data["given_as"] == "json" else self._context_of_rows()
            data["context"] = checked_context(context)
        except (ValueError, Refusal) as problem:
            self.add_error(None, str(problem))
        return data

    def _context_of_rows(self) -> dict[str, Any]:
        if len(self.rows) > MAX_ROWS:
            raise ValueError(f"At most {MAX_ROWS} attributes; write more as JSON.")
        return {**{row.name: row.parsed() for row in self.rows}, "id": self.cleaned_data["id"]}


def _number(row: Row) -> int | float:
    try:
        found = orjson.loads(row.value)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, int | float) and not isinstance(found, bool):
        return found
    raise ValueError(f"{row.name}: {row.value or 'nothing'} is no number.")
