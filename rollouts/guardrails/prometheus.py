"""A guardrail on a query of Prometheus: one number, against a threshold.

The address is the installation's (`PROMETHEUS_URL`), never a project's. A source that cannot be reached, refuses, or
gives no number is silent, which is never taken for healthy; a number that is none (0/0: no traffic) decides nothing.
"""

import math
import re
from typing import Any, Final

import httpx
from django.conf import settings

from flags.models import FlagState
from rollouts.guardrails.finding import Finding
from rollouts.guardrails.watch import PrometheusMetric, Threshold
from rollouts.models import Verdict
from rollouts.statistics import Finding as Judged
from rollouts.statistics import judge_figure

TIMEOUT_SECONDS: Final = 5.0
MAX_ANSWER: Final = 1_000_000
"""Bytes of an answer that are read."""

_PLACEHOLDER: Final = re.compile(r"\$(flag|environment|percentage)\b")


class NoNumber(Exception):
    """The source gave no number; the text says why."""


def look(metric: PrometheusMetric, threshold: Threshold, state: FlagState, *, percentage: float) -> Finding:
    """Return what Prometheus says now."""
    query = filled_in(metric.query, state, percentage=percentage)
    try:
        number = ask(query)
    except NoNumber as silence:
        return Finding(Verdict.SILENT, f"Prometheus gives no number: {silence}", {"query": query})
    figures = {"query": query, "number": number if math.isfinite(number) else str(number), "limit": threshold.limit}
    if math.isnan(number):
        return Finding(Verdict.UNDECIDED, "The query gives NaN: there is nothing to divide by yet.", figures)
    judged = judge_figure(number, limit=threshold.limit, is_above=threshold.is_upper)
    text = f"{number:.4g}; the limit is {threshold.limit:.4g}."
    return Finding(Verdict.CROSSED if judged is Judged.CROSSED else Verdict.HEALTHY, text, figures)


def filled_in(query: str, state: FlagState, *, percentage: float) -> str:
    """Return the query with `$flag`, `$environment` and `$percentage`; every other `$` is Prometheus' own."""
    known = {"flag": state.flag.key, "environment": state.environment.key, "percentage": f"{percentage:g}"}
    return _PLACEHOLDER.sub(lambda found: known[found[1]], query)


def ask(query: str) -> float:
    """Return the one number that a query gives.

    Raises:
        NoNumber: when there is none, or more than one.
    """
    try:
        answer = _fetch(query)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NoNumber(f"{type(error).__name__} when asking it.") from error
    if answer.get("status") != "success":
        raise NoNumber(str(answer.get("error", "it refused the query"))[:200])
    data = answer.get("data") or {}
    result = data.get("result")
    match data.get("resultType"), result:
        case "scalar", [_, str(number)]:
            return float(number)
        case "vector", [{"value": [_, str(number)]}]:
            return float(number)
        case "vector", [_, _, *_]:
            raise NoNumber("the query gives several series; aggregate them, as with sum().")
        case "vector", []:
            raise NoNumber("the query matches nothing.")
    raise NoNumber("the query gives neither a scalar nor one series.")


def _fetch(query: str) -> dict[str, Any]:
    address = settings.PROMETHEUS_URL.rstrip("/") + "/api/v1/query"
    with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        response = client.post(address, data={"query": query})
    if len(response.content) > MAX_ANSWER:
        raise ValueError("the answer is too long")
    found: Any = response.json()
    return found if isinstance(found, dict) else {}
