"""What Prometheus is told of ramps and notices: every metric of the app, and a function for each thing that happens."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from rollouts.models import Occurrence, Verdict

_LATE_SECONDS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
_CHECK_SECONDS: Final = (0.01, 0.05, 0.25, 1.0, 5.0, 15.0, 60.0)

_RAMPS = Gauge(
    "flagsite_ramps", "Ramps that are not over, by what they are doing.", ("status",), multiprocess_mode="mostrecent"
)
_OVERDUE = Gauge(
    "flagsite_ramp_steps_overdue",
    "Steps of running ramps whose time has come over a minute ago, by what they wait for.",
    ("waits_for",),
    multiprocess_mode="mostrecent",
)
_OCCURRENCES = Counter("flagsite_ramp_occurrences_total", "What happened to ramps.", ("kind",))
_LATE = Histogram(
    "flagsite_ramp_step_late_seconds", "How long after they were due steps were taken.", buckets=_LATE_SECONDS
)
_CHECKS = Counter("flagsite_guardrail_checks_total", "Looks at guardrails, by what they found.", ("verdict",))
_CHECK = Histogram("flagsite_guardrail_check_seconds", "How long a look at a guardrail took.", buckets=_CHECK_SECONDS)
_BY_KIND: Final = {kind.value: _OCCURRENCES.labels(kind.value) for kind in Occurrence.Kind}
_BY_VERDICT: Final = {verdict.value: _CHECKS.labels(verdict.value) for verdict in Verdict}
"""All are there from the start, at 0: of a series that begins at 1, Prometheus sees no increase."""

OUTCOMES: Final = ("delivered", "retried", "failed", "dropped")
"""Of attempts to deliver a notice."""
_DELIVERIES = Counter(
    "flagsite_notice_deliveries_total", "Attempts to deliver notices, by what came of them.", ("outcome",)
)
_BY_OUTCOME: Final = {outcome: _DELIVERIES.labels(outcome) for outcome in OUTCOMES}
_WAITING = Gauge(
    "flagsite_notices_waiting", "Deliveries of notices that wait to be tried.", multiprocess_mode="mostrecent"
)


def counted(by_status: Mapping[str, int]) -> None:
    """Say how many ramps there are of each status that is not the end."""
    for status, number in by_status.items():
        _RAMPS.labels(status).set(number)


def overdue(by_wait: Mapping[str, int]) -> None:
    """Say how many steps are overdue, by what they wait for."""
    for waits_for, number in by_wait.items():
        _OVERDUE.labels(waits_for).set(number)


def occurred(kind: str) -> None:
    """Count something that happened to a ramp."""
    _BY_KIND[kind].inc()


def stepped(late: timedelta) -> None:
    """Note that a step was taken by itself, so long after it was due."""
    _LATE.observe(late.total_seconds())


def checked(verdict: str, seconds: float) -> None:
    """Count a look at a guardrail."""
    _BY_VERDICT[verdict].inc()
    _CHECK.observe(seconds)


def attempted(outcome: str) -> None:
    """Count what came of an attempt to deliver a notice, or that there will be none."""
    _BY_OUTCOME[outcome].inc()


def waiting(number: int) -> None:
    """Say how many deliveries of notices wait."""
    _WAITING.set(number)
