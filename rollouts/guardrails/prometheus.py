"""A guardrail on a query of Prometheus: one number, against a threshold.

The address is the installation's (`PROMETHEUS_URL`), never a project's. A source that cannot be reached, refuses, or
gives no number is silent, which is never taken for healthy; a number that is none (0/0: no traffic) decides nothing.
"""

import math
import re
import ssl
import time
from functools import cache
from typing import Any, Final

import httpx
import orjson
from django.conf import settings

from flags.models import FlagState
from rollouts.guardrails.finding import Finding
from rollouts.guardrails.watch import PrometheusMetric, Threshold
from rollouts.models import Verdict
from rollouts.statistics import Finding as Judged
from rollouts.statistics import judge_figure

AT_ONCE: Final = 20
"""Queries that are asked at once: so many are what Prometheus runs by default (`--query.max-concurrency`)."""
MAX_ANSWER: Final = 1_000_000
"""Bytes of an answer that are read."""
_MAX_REASON: Final = 200
"""Characters of what Prometheus says against a query."""

_PLACEHOLDER: Final = re.compile(r"\$(flag|environment|percentage)\b")


class NoNumber(Exception):
    """The source gave no number; the text says why."""


class NoAnswer(NoNumber):
    """Nobody answered, or not in time."""


class Round:
    """Queries that are asked together. When as many in a row as are asked at once had no answer, the rest is not asked.

    So a round takes hardly longer than the time-out when the source hangs, however many ramps there are.
    """

    def __init__(self) -> None:
        self._unanswered = 0

    def ask(self, query: str) -> float:
        """Return the one number that a query gives.

        Raises:
            NoNumber: when there is none, or more than one.
        """
        if self._unanswered >= AT_ONCE:
            raise NoNumber(f"it answers none of {AT_ONCE} other queries.")
        try:
            number = ask(query)
        except NoAnswer:
            self._unanswered += 1
            raise
        except NoNumber:
            self._unanswered = 0
            raise
        self._unanswered = 0
        return number


def look(
    metric: PrometheusMetric, threshold: Threshold, state: FlagState, *, percentage: float, answers: Round
) -> Finding:
    """Return what Prometheus says now."""
    query = filled_in(metric.query, state, percentage=percentage)
    try:
        number = answers.ask(query)
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
    match _answer_to(query):
        case {"status": "success", "data": {"resultType": "scalar", "result": [_, str(text)]}}:
            return _number(text)
        case {"status": "success", "data": {"resultType": "vector", "result": [{"value": [_, str(text)]}]}}:
            return _number(text)
        case {"status": "success", "data": {"resultType": "vector", "result": []}}:
            raise NoNumber("the query matches nothing.")
        case {"status": "success", "data": {"resultType": "vector", "result": [_, _, *_]}}:
            raise NoNumber("the query gives several series; aggregate them, as with sum().")
        case {"status": "success", "data": {"resultType": str()}}:
            raise NoNumber("the query gives neither a scalar nor one series.")
        case {"status": "error", "error": str(reason)}:
            raise NoNumber(reason.replace("\0", "")[:_MAX_REASON])
    raise NoNumber("what answers is no Prometheus.")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NoNumber("its value is no number.") from None


def _answer_to(query: str) -> Any:
    try:
        status, body = _fetch(query)
    except httpx.TimeoutException:
        raise NoAnswer(f"no answer within {settings.PROMETHEUS_TIMEOUT_SECONDS:g} s.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NoAnswer(f"it cannot be reached ({type(error).__name__}).") from error
    try:
        return orjson.loads(body)
    except ValueError:
        raise NoNumber(f"it answers with status {status}, and no JSON.") from None


def _fetch(query: str) -> tuple[int, bytes]:
    """Return status and body; the time-out is that of connecting, of each silence, and of the body as a whole."""
    address = settings.PROMETHEUS_URL.rstrip("/") + "/api/v1/query"
    timeout = settings.PROMETHEUS_TIMEOUT_SECONDS
    deadline = time.monotonic() + timeout
    body = bytearray()
    with (
        httpx.Client(timeout=timeout, trust_env=False, verify=_trust()) as client,
        client.stream("POST", address, data={"query": query}) as response,
    ):
        for part in response.iter_bytes():
            body += part
            if len(body) > MAX_ANSWER:
                raise NoNumber(f"its answer is longer than {MAX_ANSWER:,} bytes.")
            if time.monotonic() > deadline:
                raise httpx.ReadTimeout("The body comes too slowly.")
    return response.status_code, bytes(body)


@cache
def _trust() -> ssl.SSLContext:
    """Return whom TLS trusts; reading it takes longer than asking."""
    return httpx.create_ssl_context()
