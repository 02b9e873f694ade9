"""Serializers that refuse what they do not know, naming it: a mistyped field must never be dropped in silence."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import Any, Final, TypeVar

from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from flagsite.lib.digits import number_of
from flagsite.lib.keys import MAX_KEY
from flagsite.lib.moments import moment_of

MAX_UNKNOWN: Final = 20
"""Unknown fields that are named; to look for what each may have meant takes long."""

MAX_PARAMETER: Final = 8_192
"""Characters of a query parameter; what servers take of a whole address differs."""

Read = TypeVar("Read", bound="StrictSerializer")


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer of a request body or of query parameters that names each unknown field."""

    def to_internal_value(self, data: Any) -> Any:
        """Check for unknown fields before anything else.

        Raises:
            ValidationError: naming every unknown field and, when there is one, the field it looks like.
        """
        if isinstance(data, Mapping):
            known = [name for name, field in self.fields.items() if not field.read_only]
            unknown = [name for name in data if name not in known]
            if unknown:
                raise serializers.ValidationError({name: [_unknown(name, known)] for name in unknown[:MAX_UNKNOWN]})
        return super().to_internal_value(data)


def _unknown(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1) if len(name) <= MAX_KEY else []
    return "Unknown field." + (f" Did you mean `{close[0]}`?" if close else "")


def read_query(serializer: type[StrictSerializer], query: QueryDict) -> dict[str, Any]:
    """Return the query parameters as the serializer's types; unknown and repeated ones are refused."""
    for name, values in query.lists():
        if len(values) > 1:
            raise serializers.ValidationError({name: ["Given more than once."]})
        if len(values[0]) > MAX_PARAMETER:
            raise serializers.ValidationError({name: [f"Has at most {MAX_PARAMETER} characters."]})
    return read_body(serializer, query.dict())


def read_body(serializer: type[StrictSerializer], body: Any) -> dict[str, Any]:
    """Return the body as the serializer's types.

    Raises:
        ValidationError: naming each place that is wrong.
    """
    if body is None:
        raise serializers.ValidationError("No data provided")
    read: dict[str, Any] = _reader(serializer).run_validation(body)
    return read


@cache
def _reader(serializer: type[StrictSerializer]) -> StrictSerializer:
    """Return the one that reads for all requests: it keeps nothing of them, and copying its fields takes its time."""
    return serializer()


class Text(serializers.CharField):
    """Text as it was sent, and nothing that merely could be written as text."""

    default_error_messages = {"not_text": "Must be a text."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Refuse numbers and booleans, which DRF would turn into text."""
        if not isinstance(data, str):
            self.fail("not_text")
        text: str = super().to_internal_value(data)
        return text


class Many(serializers.ListField):
    """A list that is counted before what is in it is looked at."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Refuse a list that is too long in one sentence."""
        if self.max_length is not None and isinstance(data, list) and len(data) > self.max_length:
            self.fail("too_many", most=self.max_length, number=len(data))
        read: list[Any] = super().to_internal_value(data)
        return read

    default_error_messages = {"too_many": "Holds at most {most}, not {number}."}


@extend_schema_field({"type": "integer", "minimum": 0})
class Digits(Text):
    """A whole number in a query parameter, where everything is text."""

    default_error_messages = {"not_digits": "Must be a whole number."}

    def to_internal_value(self, data: Any) -> int:  # type: ignore[override]  # a text comes in and a number goes out
        """Refuse what is no number, and what no column holds."""
        number = number_of(super().to_internal_value(data))
        if number is None:
            self.fail("not_digits")
        return number


class Whole(serializers.IntegerField):
    """A whole number, and nothing that merely could be read as one."""

    def to_internal_value(self, data: Any) -> int:
        """Refuse texts and booleans, which DRF would turn into numbers."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


@extend_schema_field({"type": "string", "format": "date-time"})
class Moment(Text):
    """A moment: RFC 3339 with an offset."""

    default_error_messages = {"no_moment": "Must be a moment as RFC 3339 has it, such as 2026-11-22T10:00:00Z."}

    def to_internal_value(self, data: Any) -> datetime:  # type: ignore[override]  # a text comes in, a moment goes out
        """Refuse what names no moment, or names it without saying where on earth."""
        moment = moment_of(super().to_internal_value(data))
        if moment is None:
            self.fail("no_moment")
        return moment
