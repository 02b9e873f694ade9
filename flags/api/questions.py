"""What questions say in query parameters: a context (`?user_id=123&attr.country=US`), and moments (`&at=1h`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.http import QueryDict

from flags.api.serializers import ScopeQuery
from flags.evaluation import checked_context
from flagsite.lib import clock
from flagsite.lib.moments import PAST_MOMENT, moment_before
from flagsite.lib.problems import InvalidInput
from flagsite.lib.strict import Text, read_query

_ATTRIBUTE: Final = "attr."


class AuditQuery(ScopeQuery):
    """Whom to explain the flag for; attributes as `attr.NAME`."""

    user_id = Text(allow_blank=True, help_text="The context's id; empty for somebody anonymous.")
    at = Text(required=False, help_text="A past moment: RFC 3339, a date, or so long ago (1h); by default now.")


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
        InvalidInput: when `at` is not a past moment, or an attribute has no name, is the id, or is given twice.
        TooLarge: when the context is over its limit.
    """
    others = parameters.copy()
    attributes = {}
    for name, texts in parameters.lists():
        if name.startswith(_ATTRIBUTE):
            if len(texts) > 1:
                raise InvalidInput.at(name, "Given more than once; a list is written `[1, 2]`.")
            attributes[_named(name)] = _value(texts[0])
            del others[name]
    query = read_query(AuditQuery, others)
    at = moment_in(query, "at")
    if at is not None and at > clock.now():
        raise InvalidInput.at("at", "That is still to come; nobody knows what will be decided then.")
    return Question(checked_context(attributes | {"id": query["user_id"]}), at)


def moment_in(query: Mapping[str, str], name: str) -> datetime | None:
    """Return the moment that a query parameter names; None where it is not given.

    Raises:
        InvalidInput: when it names none.
    """
    if name not in query:
        return None
    moment = moment_before(query[name], now=clock.now())
    if moment is None:
        raise InvalidInput.at(name, PAST_MOMENT)
    return moment


def _named(parameter: str) -> str:
    """Return the name of the attribute that a parameter gives."""
    name = parameter.removeprefix(_ATTRIBUTE)
    if name == "id":
        raise InvalidInput.at(parameter, "The id is given as `user_id`.")
    if not name:
        raise InvalidInput.at(parameter, "An attribute has a name, such as `attr.country`.")
    return name


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
