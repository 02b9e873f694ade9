"""A context given as query parameters: `?user_id=123&attr.country=US&at=2026-11-22T10:00:00Z`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.http import QueryDict

from flags.api.serializers import ScopeQuery
from flags.evaluation import checked_context
from flagsite.lib.moments import moment_of
from flagsite.lib.problems import InvalidInput
from flagsite.lib.strict import Text, read_query

_ATTRIBUTE: Final = "attr."


class AuditQuery(ScopeQuery):
    """Whom to explain the flag for; attributes as `attr.NAME`."""

    user_id = Text(allow_blank=True, help_text="The context's id; empty for somebody anonymous.")
    at = Text(required=False, help_text="A past moment, as RFC 3339; by default now.")


@dataclass(frozen=True)
class Question:
    """Whom to explain a flag for, and as of when (None: now)."""

    context: Mapping[str, Any]
    at: datetime | None


def context_of_query(parameters: QueryDict) -> Question:
    """Return the context of the query parameters.

    An attribute is read as JSON where it is JSON (`attr.age=42`, `attr.beta=true`, `attr.plans=["a","b"]`,
    `attr.zip="01234"`) and as text where it is not (`attr.country=US`).

    Raises:
        ValidationError: when there is no `user_id`, or an unknown parameter.
        InvalidInput: when `at` is not a moment, or an attribute is given twice.
        TooLarge: when the context is over its limit.
    """
    others = parameters.copy()
    attributes = {}
    for name, texts in parameters.lists():
        if name.startswith(_ATTRIBUTE):
            if len(texts) > 1:
                raise InvalidInput.at(name, "Given more than once; a list is written `[1, 2]`.")
            attributes[name.removeprefix(_ATTRIBUTE)] = _value(texts[0])
            del others[name]
    query = read_query(AuditQuery, others)
    return Question(checked_context(attributes | {"id": query["user_id"]}), _moment(query.get("at")))


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = moment_of(text)
    if moment is None:
        raise InvalidInput.at("at", "A moment is RFC 3339 with an offset, such as 2026-11-22T10:00:00Z.")
    return moment
