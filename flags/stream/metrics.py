"""What Prometheus is told of the stream: who is connected, how far they are, who was lost.

Gauges are of this process and say nothing of a dead one (`live…` modes). In multi-process mode a series cannot be taken
back, so one whose environment nobody follows any more is set to 0, which all of them read as "nothing to worry about".
"""

from typing import Final

from prometheus_client import Counter, Gauge

from flags.metrics import PLACE, SLOW_SEND_SECONDS, Place

_CONNECTIONS = Gauge("flagsite_sdk_connections", "SDKs connected to a stream.", PLACE, multiprocess_mode="livesum")
_REVISION = Gauge(
    "flagsite_stream_revision", "The revision that connected SDKs are sent.", PLACE, multiprocess_mode="livemax"
)
_REVISION_AGE = Gauge(
    "flagsite_stream_revision_age_seconds", "How long ago that revision was made.", PLACE, multiprocess_mode="livemax"
)
_BEHIND = Gauge(
    "flagsite_stream_revisions_behind",
    "Revisions that the environment has and its stream has not sent yet.",
    PLACE,
    multiprocess_mode="livemax",
)
_UNCHECKED = Gauge(
    "flagsite_stream_unchecked_seconds",
    "How long ago the database last told the stream how far environments have come.",
    multiprocess_mode="livemax",
)
_CONNECTS = Counter(
    "flagsite_stream_connects_total",
    "Connections opened by SDKs that held nothing (new) or a revision (returning).",
    (*PLACE, "kind"),
)
_DISCONNECTS = Counter("flagsite_stream_disconnects_total", "Connections that ended, by why.", ("cause",))
_MESSAGES = Counter("flagsite_stream_messages_total", "Messages sent to SDKs.", ("kind",))
_SLOW_SENDS = Counter(
    "flagsite_stream_slow_sends_total", f"Messages that took an SDK over {SLOW_SEND_SECONDS:g} s to take.", PLACE
)
_REFUSALS = Counter(
    "flagsite_stream_refusals_total", "Handshakes that were refused, by the status of the answer.", ("status",)
)
_WAITING = Gauge("flagsite_stream_snapshots_waiting", "SDKs that wait for their snapshot.", multiprocess_mode="livesum")
_FAILURES = Counter("flagsite_stream_failures_total", "Rounds of the stream's own work that failed.", ("work",))

_CAUSES: Final = {1000: "closed", 1001: "closed", 1012: "restart", 4401: "revoked"}
"""By the WebSocket's close code; whatever else ends a connection has broken it."""
CAUSES: Final = frozenset({*_CAUSES.values(), "broken"})

for _cause in sorted(CAUSES):
    _DISCONNECTS.labels(_cause)
for _kind in ("heartbeat", "delta", "snapshot"):
    _MESSAGES.labels(_kind)
for _work in ("catch_up", "check", "listen"):
    _FAILURES.labels(_work)
for _status in ("401", "403", "429", "503"):
    _REFUSALS.labels(_status)


def joined(place: Place, *, since: int) -> None:
    """Count a connection; whoever held a revision has been here before."""
    _CONNECTS.labels(*place, "returning" if since else "new").inc()
    _CONNECTIONS.labels(*place).inc()
    _SLOW_SENDS.labels(*place)  # is there from the first connection on, so that its rate is


def left(place: Place, *, code: int) -> None:
    """Count the end of one."""
    _DISCONNECTS.labels(_CAUSES.get(code, "broken")).inc()
    _CONNECTIONS.labels(*place).dec()


def sent(kind: str, *, number: int) -> None:
    """Count messages of a kind."""
    _MESSAGES.labels(kind).inc(number)


def waited(place: Place, seconds: float) -> None:
    """Count a message that its reader was slow to take."""
    if seconds > SLOW_SEND_SECONDS:
        _SLOW_SENDS.labels(*place).inc()


def refused(status: int) -> None:
    """Count a handshake that was answered by a problem."""
    _REFUSALS.labels(str(status)).inc()


def snapshots_wait(number: int) -> None:
    """Say how many wait for a snapshot."""
    _WAITING.set(number)


def stands(place: Place, *, revision: int, age: float, behind: int) -> None:
    """Say how far an environment's stream is; the age in seconds."""
    _REVISION.labels(*place).set(revision)
    _REVISION_AGE.labels(*place).set(age)
    _BEHIND.labels(*place).set(behind)


def stands_no_more(place: Place) -> None:
    """Say that nobody follows an environment in this process."""
    stands(place, revision=0, age=0, behind=0)


def unchecked_for(seconds: float) -> None:
    """Say how old the newest answer of the database is."""
    _UNCHECKED.set(seconds)


def work_failed(work: str) -> None:
    """Count a round that failed: `catch_up`, `check` or `listen`."""
    _FAILURES.labels(work).inc()
