"""Guardrails as they are asked for: the shape of docs/reference/rest-api.md, read and checked. Pure."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from flagsite.lib.moments import duration_of, duration_text
from flagsite.lib.problems import InputError, InvalidInput
from rollouts.guardrails.watch import (
    DEFAULT_FALSE_ALARMS,
    DEFAULT_SAMPLE,
    DEFAULT_WINDOW,
    Action,
    Condition,
    EventMetric,
    Metric,
    PrometheusMetric,
    Threshold,
    Watch,
    WorseThanOthers,
)
from rollouts.statistics import Direction

MAX_GUARDRAILS: Final = 10
MAX_NAME: Final = 128
"""Characters of a guardrail's name, and of an event's."""
MAX_QUERY: Final = 2_000
"""Characters of a Prometheus query."""
MAX_WINDOW: Final = timedelta(days=7)
MOST_FALSE_ALARMS: Final = 0.2
LEAST_FALSE_ALARMS: Final = 1e-6


def read_guardrails(raw: Any) -> tuple[Watch, ...]:
    """Return the guardrails of a JSON list.

    Raises:
        InvalidInput: naming every place that is wrong.
    """
    if not isinstance(raw, list):
        raise InvalidInput.at("guardrails", "Must be a list.")
    if len(raw) > MAX_GUARDRAILS:
        raise InvalidInput.at("guardrails", f"A ramp has at most {MAX_GUARDRAILS} guardrails, not {len(raw)}.")
    errors: list[InputError] = []
    found = [_Reader(f"guardrails[{place}]", errors).watch(entry) for place, entry in enumerate(raw)]
    if errors:
        raise InvalidInput.of(errors)
    return tuple(watch for watch in found if watch is not None)


def limit_errors(watches: Sequence[Watch]) -> list[InputError]:
    """Return which limits no share can be past. What is stored already may have one: it is read all the same."""
    return [
        InputError(f"guardrails[{place}].when.{condition.side}", "A share, from 0 to less than 1: 0.5 is 50 %.")
        for place, watch in enumerate(watches)
        if isinstance(watch.metric, EventMetric)
        and isinstance(condition := watch.condition, Threshold)
        and not 0 <= condition.limit < 1
    ]


class _Reader:
    """Reads one guardrail, and notes what is wrong where."""

    def __init__(self, path: str, errors: list[InputError]) -> None:
        self._path = path
        self._errors = errors

    def watch(self, raw: Any) -> Watch | None:
        if not self._is_object(raw, "", {"name", "metric", "when", "then"}):
            return None
        before = len(self._errors)
        metric = self._metric(raw.get("metric"))
        condition = self._condition(raw.get("when"), metric)
        action = raw.get("then", Action.ROLLBACK)
        if action not in list(Action):
            self._wrong("then", f"Must be one of {', '.join(Action)}.")
        name = self._text(raw.get("name", ""), "name", least=0)
        if len(self._errors) > before or metric is None or condition is None:
            return None
        return Watch(metric, condition, Action(action), name)

    def _metric(self, raw: Any) -> Metric | None:
        if isinstance(raw, dict) and "prometheus" in raw:
            self._is_object(raw, "metric", {"prometheus"})
            return PrometheusMetric(self._text(raw["prometheus"], "metric.prometheus", most=MAX_QUERY))
        if not self._is_object(raw, "metric", {"event", "per", "above", "worse"}):
            return None
        event = self._text(raw.get("event"), "metric.event")
        above = raw.get("above")
        if above is not None:
            self._number(above, "metric.above")
        if above is None and raw.get("per") in (None, event):
            self._wrong("metric.per", "Say of whom it is a share: the event that all of these users report.")
        per = self._text(raw["per"], "metric.per") if raw.get("per") is not None else event
        worse = raw.get("worse", Direction.MORE)
        if worse not in list(Direction):
            self._wrong("metric.worse", f"Must be one of {', '.join(Direction)}.")
            worse = Direction.MORE
        return EventMetric(event, per, above, Direction(worse))

    def _condition(self, raw: Any, metric: Metric | None) -> Condition | None:
        if isinstance(raw, dict) and "worse_than_others" in raw:
            return self._comparison(raw, metric)
        if not self._is_object(raw, "when", {"above", "below", "window", "sample"}):
            return None
        sides = [side for side in ("above", "below") if side in raw]
        if len(sides) != 1:
            self._wrong("when", "Say `above` or `below` a number, or `worse_than_others`.")
            return None
        window = self._window(raw.get("window", duration_text(DEFAULT_WINDOW)))
        sample = raw.get("sample", DEFAULT_SAMPLE)
        if not isinstance(sample, int) or isinstance(sample, bool) or sample < 1:
            self._wrong("when.sample", "Must be a whole number from 1.")
        if isinstance(metric, PrometheusMetric):
            for name in sorted({"window", "sample"} & raw.keys()):
                self._wrong(f"when.{name}", "A query says for itself over how long, and of how many.")
        if not self._number(raw[sides[0]], f"when.{sides[0]}"):
            return None
        return Threshold(float(raw[sides[0]]), sides[0] == "above", window, sample)

    def _comparison(self, raw: dict[str, Any], metric: Metric | None) -> Condition | None:
        self._is_object(raw, "when", {"worse_than_others", "false_alarms"})
        if raw["worse_than_others"] is not True:
            self._wrong("when.worse_than_others", "Must be true.")
        if isinstance(metric, PrometheusMetric):
            message = "What Prometheus counts are no independent users: give it a threshold, or compare by events."
            self._wrong("when.worse_than_others", message)
        share = raw.get("false_alarms", DEFAULT_FALSE_ALARMS)
        if not self._number(share, "when.false_alarms") or not LEAST_FALSE_ALARMS <= share <= MOST_FALSE_ALARMS:
            self._wrong("when.false_alarms", f"Must be from {LEAST_FALSE_ALARMS:g} to {MOST_FALSE_ALARMS:g}.")
            return None
        return WorseThanOthers(float(share))

    def _window(self, raw: Any) -> timedelta:
        window = duration_of(raw) if isinstance(raw, str) else None
        if window is None or not timedelta(0) < window <= MAX_WINDOW:
            self._wrong("when.window", f"Must be a duration such as 10m, of at most {MAX_WINDOW.days} days.")
            return DEFAULT_WINDOW
        return window

    def _text(self, raw: Any, place: str, *, least: int = 1, most: int = MAX_NAME) -> str:
        if isinstance(raw, str) and least <= len(raw) <= most and "\x00" not in raw:
            return raw
        self._wrong(place, f"Must be a text of {least} to {most:,} characters.")
        return ""

    def _number(self, raw: Any, place: str) -> bool:
        is_number = isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) < float("inf")
        if not is_number:
            self._wrong(place, "Must be a number.")
        return is_number

    def _is_object(self, raw: Any, place: str, fields: set[str]) -> bool:
        if not isinstance(raw, dict):
            self._wrong(place, f"Must be an object with {', '.join(sorted(fields))}.")
            return False
        for name in sorted(raw.keys() - fields):
            self._wrong(f"{place}.{name}" if place else name, "Unknown field.")
        return True

    def _wrong(self, place: str, message: str) -> None:
        self._errors.append(InputError(f"{self._path}.{place}" if place else self._path, message))
