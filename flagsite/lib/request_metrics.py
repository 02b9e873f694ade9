"""Requests that never reach Django's middlewares, in django-prometheus' own metrics: those that are looked at.

The names are those of docs/reference/metrics.md; dashboards and alerts need not know who answered.
"""

from functools import lru_cache
from typing import Any

from django_prometheus.middleware import Metrics


def answered(view: str, method: str, *, status: int, seconds: float) -> None:
    """Count a request, and how long its answer took."""
    requests, latency = _of_view(view, method)
    requests.inc()
    latency.observe(seconds)
    for each in _of_status(view, method, status):
        each.inc()


@lru_cache(maxsize=256)
def _of_view(view: str, method: str) -> tuple[Any, Any]:
    metrics = Metrics.get_instance()
    return (
        metrics.requests_by_view_transport_method.labels(view=view, transport="http", method=method),
        metrics.requests_latency_by_view_method.labels(view=view, method=method),
    )


@lru_cache(maxsize=256)
def _of_status(view: str, method: str, status: int) -> tuple[Any, Any]:
    metrics = Metrics.get_instance()
    return (
        metrics.responses_by_status.labels(status=str(status)),
        metrics.responses_by_status_view_method.labels(status=str(status), view=view, method=method),
    )
