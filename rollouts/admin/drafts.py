"""A ramp that somebody is about to start or to change, as the form sends it: fields of text, two of them JSON.

What the steps and guardrails mean is read by the services; here is only what a form adds: texts that are no JSON.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self

import orjson
from django.http import QueryDict

from flagsite.lib.moments import duration_of
from flagsite.lib.problems import InputError, InvalidInput

MOST: Final = 200_000
"""Bytes of a JSON field that are read."""
MAX_COMMENT: Final = 2_000


@dataclass(frozen=True)
class Draft:
    """What the form says; `watch_for` is a duration as text."""

    steps: Any = field(default_factory=list)
    guardrails: Any = field(default_factory=list)
    rule: str = ""
    turn_on: bool = True
    watch_for: str = "0s"
    comment: str = ""

    @classmethod
    def read(cls, sent: QueryDict) -> Self:
        """Return the draft that a form sent; a field that is no JSON is empty, and refused as that."""
        return cls(
            steps=_json(sent.get("steps", "")),
            guardrails=_json(sent.get("guardrails", "")),
            rule=sent.get("rule", "").replace("\0", ""),
            turn_on=sent.get("turn_on") == "on",
            watch_for=sent.get("watch_for", "") or "0s",
            comment=sent.get("comment", "").replace("\0", "").strip()[:MAX_COMMENT],
        )

    @property
    def watches_for(self) -> timedelta:
        """Return how long guardrails look on after the last step.

        Raises:
            InvalidInput: at `watch_for`.
        """
        found = duration_of(self.watch_for)
        if found is None or found > timedelta(days=366):
            raise InvalidInput.at("watch_for", "Must be a duration such as 30m, 1h or 2d.")
        return found

    @property
    def document(self) -> dict[str, Any]:
        """Return what the page's scripts begin with."""
        return {
            "steps": self.steps if isinstance(self.steps, list) else [],
            "guardrails": self.guardrails if isinstance(self.guardrails, list) else [],
            "rule": self.rule,
            "turn_on": self.turn_on,
            "watch_for": self.watch_for,
        }


def told(errors: tuple[InputError, ...]) -> list[dict[str, str]]:
    """Return what was refused, for the page's scripts."""
    return [{"path": error.path, "message": error.message} for error in errors]


def _json(text: str) -> Any:
    if len(text) > MOST:
        return []
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return []
