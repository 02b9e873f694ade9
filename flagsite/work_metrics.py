"""What Prometheus is told of Celery: how long tasks waited and took, what became of them, how late beat is.

The heartbeat carries, in its headers, when it was due and when it was sent. Both are of beat's clock, what is compared
with them in the worker is of the worker's: on several machines their difference is part of the wait.
"""

import time
from threading import Thread
from typing import Any, Final

from celery import Task, signals
from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram, start_http_server

HEARTBEAT: Final = "flagsite.tasks.heartbeat"
_SECONDS: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0)

_TASKS = Counter("flagsite_celery_tasks_total", "Tasks that ended, by how.", ("task", "state"))
_TASK_SECONDS = Histogram("flagsite_celery_task_seconds", "How long tasks took.", ("task",), buckets=_SECONDS)
_WAIT_SECONDS = Histogram(
    "flagsite_celery_wait_seconds", "From sending a task until a worker began it.", ("task",), buckets=_SECONDS
)
_BEAT_LAG = Gauge(
    "flagsite_beat_lag_seconds", "How much later than due beat sent its last heartbeat.", multiprocess_mode="mostrecent"
)
_HEARTBEAT_AT = Gauge(
    "flagsite_beat_heartbeat_timestamp_seconds",
    "When a worker last took a heartbeat of beat.",
    multiprocess_mode="mostrecent",
)


class _Clocks:
    """What one process remembers between two signals."""

    def __init__(self) -> None:
        self.heartbeat_sent_at: float | None = None
        self.begun: dict[str, float] = {}


_clocks: Final = _Clocks()


def connect() -> None:
    """Listen to Celery's signals in this process."""
    signals.before_task_publish.connect(_stamp)
    signals.task_prerun.connect(_begin)
    signals.task_postrun.connect(_end)
    signals.worker_ready.connect(_expose)


def beaten(*, due_at: float | None, sent_at: float | None) -> None:
    """Note a heartbeat that has arrived in a worker."""
    _HEARTBEAT_AT.set(time.time())
    if due_at is not None and sent_at is not None:
        _BEAT_LAG.set(max(0.0, sent_at - due_at))


def _stamp(sender: str, headers: dict[str, Any], **_: Any) -> None:
    headers["flagsite_sent"] = now = time.time()
    if sender == HEARTBEAT:
        last = _clocks.heartbeat_sent_at
        every = settings.HEARTBEAT_SECONDS
        headers["flagsite_due"] = now if last is None else last + every
        _clocks.heartbeat_sent_at = now


def _begin(task_id: str, task: Task[Any, Any], **_: Any) -> None:
    _clocks.begun[task_id] = time.perf_counter()
    _TASKS.labels(task.name, "FAILURE")  # is there before the first, so that its rate is
    sent_at = task.request.get("flagsite_sent")
    if sent_at is not None:
        _WAIT_SECONDS.labels(task.name).observe(max(0.0, time.time() - sent_at))


def _end(task_id: str, task: Task[Any, Any], state: str | None, **_: Any) -> None:
    _TASKS.labels(task.name, state or "UNKNOWN").inc()
    begun = _clocks.begun.pop(task_id, None)
    if begun is not None:
        _TASK_SECONDS.labels(task.name).observe(time.perf_counter() - begun)


_served: list[tuple[Any, Thread]] = []


def _expose(**_: Any) -> None:
    """Serve `/metrics` beside a worker that is to be scraped."""
    if settings.WORKER_METRICS_PORT and not _served:
        from flagsite.exposition import registry

        _served.append(start_http_server(settings.WORKER_METRICS_PORT, registry=registry()))
