"""Form fields for what has no widget of its own yet: JSON as text, and lists of ids, one per line."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from flagsite.lib.canonical import same
from flagsite.lib.json_body import unacceptable

MAX_LISTED_IDS: Final = 1_000
"""Ids that are put into a form; a longer list is only counted."""


def pretty(document: Any) -> str:
    """Return a JSON text that people can read."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _code(rows: int) -> Any:
    return UnfoldAdminTextareaWidget(attrs={"rows": rows, "class": "code", "spellcheck": "false", "cols": "90"})


class JsonTextField(forms.CharField):
    """JSON as text; empty is None. Read as strictly as the REST API reads it, and shown again as it was typed."""

    def __init__(self, *, rows: int = 8, **kwargs: Any) -> None:
        super().__init__(widget=_code(rows), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Write a document prettily; a text is what somebody has just typed."""
        return pretty(value) if isinstance(value, dict | list) else value

    def to_python(self, value: Any) -> Any:
        """Return the document.

        Raises:
            ValidationError: when it is no JSON, or JSON that cannot be stored.
        """
        text = super().to_python(value)
        if not text:
            return None
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValidationError(f"This is not valid JSON: {error}") from None
        problem = unacceptable(document)
        if problem:
            raise ValidationError(problem)
        return document

    def validate(self, value: Any) -> None:
        """Ask for something, when it is required; an empty list is something."""
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Leave documents to the services; validators of texts do not fit them."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare documents, not texts: neither order of members nor spacing is a change, but 1 and true differ."""
        try:
            document = self.to_python(data)
        except ValidationError:
            return True
        return not same(document, initial)


class IdListField(forms.CharField):
    """A list of ids, one per line; spaces around them and empty lines mean nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=_code(rows=6), required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Write one id a line."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the ids."""
        text = super().to_python(value) or ""
        return [line.strip() for line in text.split("\n") if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare lists, not texts."""
        return bool(self.to_python(data) != (initial or []))

    @staticmethod
    def holds(ids: Sequence[str]) -> bool:
        """Tell whether the ids may be put into a form: not too many, and each comes back as it went."""
        return len(ids) <= MAX_LISTED_IDS and all(one == one.strip() and one and "\n" not in one for one in ids)
