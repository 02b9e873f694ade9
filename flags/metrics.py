"""What Prometheus is told of flags: every metric of the app, and a function for each thing that happens.

Whoever makes something happen calls one function here and knows no metric; nothing here reads a row or raises. All
metrics stand in docs/reference/metrics.md. Labels that callers can make up (a flag's key, a variation) are bounded: of
more series than `limits` allows, those that come late are counted under `(other)`.
"""

import threading
from collections.abc import Iterable
from typing import Final, NamedTuple

from flagsite_sdk.engine.result import ErrorCode, Reason
from prometheus_client import Counter, Histogram

from accounts.models import Environment
from flags import limits

OTHER: Final = "(other)"
"""Stands for what is not counted by itself."""

PLACE: Final = ("project", "environment")
SLOW_SEND_SECONDS: Final = 1.0
"""A client that takes longer to take one message is slow."""

_REASONS: Final = frozenset(reason.value for reason in Reason)
_CODES: Final = frozenset(code.value for code in ErrorCode)
_LATENCIES: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds. The objective (docs/explanation/update-latency.md) is among them."""


class Place(NamedTuple):
    """An environment, as labels name it."""

    project: str
    environment: str

    @classmethod
    def of(cls, environment: Environment) -> "Place":
        """Name an environment whose project has been read with it."""
        return cls(environment.project.key, environment.key)


class Bounded:
    """A counter of which one label (`flag`) and its like can be anything: only the first series are kept apart."""

    def __init__(self, counter: Counter, *, most: int, replaced: tuple[int, ...]) -> None:
        self._counter = counter
        self._most = most
        self._replaced = replaced
        self._lock = threading.Lock()
        self._series: dict[tuple[str, ...], Counter] = {}
        self._others: dict[tuple[str, ...], Counter] = {}

    def add(self, *labels: str, number: int = 1) -> None:
        """Count; under `(other)` when there are too many series already."""
        series = self._series.get(labels)
        if series is None:
            series = self._new(labels)
        series.inc(number)

    def _new(self, labels: tuple[str, ...]) -> Counter:
        if len(self._series) < self._most:
            with self._lock:
                if len(self._series) < self._most:
                    return self._series.setdefault(labels, self._counter.labels(*labels))
        bounded = tuple(OTHER if place in self._replaced else label for place, label in enumerate(labels))
        others = self._others.get(bounded)  # of these there are few, and of them many are counted
        return others or self._others.setdefault(bounded, self._counter.labels(*bounded))


_EVALUATIONS = Bounded(
    Counter(
        "flagsite_evaluations_total",
        "Evaluations that gave a variation, on the server and as SDKs report them.",
        (*PLACE, "flag", "variation", "reason", "source"),
    ),
    most=limits.MAX_EVALUATION_SERIES,
    replaced=(2, 3),
)
_ERRORS = Bounded(
    Counter(
        "flagsite_evaluation_errors_total",
        "Evaluations that gave an error, and so the caller's default.",
        (*PLACE, "flag", "code", "source"),
    ),
    most=limits.MAX_ERROR_SERIES,
    replaced=(2,),
)
_LOOKUPS = Counter(
    "flagsite_snapshot_lookups_total",
    "Look-ups of an environment's snapshot: it was current, took deltas, or was built from the rows.",
    ("result",),
)
_HIT, _DELTAS, _BUILT = (_LOOKUPS.labels(result) for result in ("hit", "deltas", "built"))
_BUILD_SECONDS = Histogram("flagsite_snapshot_build_seconds", "How long building a snapshot from the rows took.")

_REVISIONS = Counter("flagsite_revisions_total", "Revisions that were published.", PLACE)
_ANNOUNCE_SECONDS = Histogram(
    "flagsite_publish_announce_seconds",
    "From a revision's creation to its announcement, with the commit in between.",
    buckets=_LATENCIES,
)
_ANNOUNCEMENTS_DROPPED = Counter(
    "flagsite_announcements_dropped_total", "Announcements that Redis did not take; streams find out by themselves."
)
_LATENCY = Histogram(
    "flagsite_update_latency_seconds",
    "From a revision's creation until it was applied in an SDK, as SDKs report it.",
    (*PLACE, "source"),
    buckets=_LATENCIES,
)
_REPORTS = Counter("flagsite_reports_total", "Batches that SDKs reported.", (*PLACE, "result"))
_REPORT_ROWS = Counter("flagsite_report_rows_total", "What those batches held.", ("kind",))
_RESULTS: Final = ("taken", "repeated", "invalid", "too_large", "too_many")
_DROPPED = Counter("flagsite_records_dropped_total", "What could not be recorded of evaluations, by why.", ("reason",))


def evaluated(place: Place, flag: str, *, variation: str, reason: str, source: str, number: int = 1) -> None:
    """Count evaluations that gave a variation; `source` is `server` or `sdk`."""
    _EVALUATIONS.add(*place, flag, variation, _known(reason, _REASONS), source, number=number)


def failed(place: Place, flag: str, *, code: str, source: str, number: int = 1) -> None:
    """Count evaluations that gave an error."""
    _ERRORS.add(*place, flag, _known(code, _CODES), source, number=number)


def snapshot_was_current() -> None:
    """Count a look-up that found the snapshot at the revision asked for."""
    _HIT.inc()


def snapshot_took_deltas() -> None:
    """Count one that read what was missing."""
    _DELTAS.inc()


def snapshot_was_built(seconds: float) -> None:
    """Count one that read everything, and how long it took."""
    _BUILT.inc()
    _BUILD_SECONDS.observe(seconds)


def published(places: Iterable[Place]) -> None:
    """Count a revision in each environment."""
    for place in places:
        _REVISIONS.labels(*place).inc()


def announced(seconds: float) -> None:
    """Note how long it took from creating a revision to announcing it."""
    _ANNOUNCE_SECONDS.observe(seconds)


def announcement_dropped() -> None:
    """Count an announcement that did not leave this process."""
    _ANNOUNCEMENTS_DROPPED.inc()


def applied(place: Place, seconds: float, *, source: str) -> None:
    """Note an update's latency; `source` is `stream` or `poll`."""
    _LATENCY.labels(*place, source).observe(seconds)


def reported(place: Place, *, is_new: bool, **rows: int) -> None:
    """Count a batch and, when it is new, its rows of each kind."""
    _count_report(place, "taken" if is_new else "repeated")
    if is_new:
        for kind, number in rows.items():
            _REPORT_ROWS.labels(kind).inc(number)


def report_refused(place: Place, *, status: int) -> None:
    """Count a batch that was answered with a status of the 4xx: who sent it gives it up, unless there were too many."""
    _count_report(place, {413: "too_large", 429: "too_many"}.get(status, "invalid"))


def _count_report(place: Place, result: str) -> None:
    for each in _RESULTS:  # all are there from the first report on, so that their rates are
        _REPORTS.labels(*place, each).inc(each == result)


def dropped(reason: str, number: int = 1) -> None:
    """Count what will never be recorded."""
    _DROPPED.labels(reason).inc(number)


def dropped_by_sdks(what: str, number: int) -> None:
    """Count what SDKs say they have lost: `counts`, `events` or `records`."""
    dropped(f"sdk_{what}", number)


def _known(text: str, known: frozenset[str]) -> str:
    """Return the text if it is one of those that there are: SDKs of another version may report others."""
    return text if text in known else OTHER
