"""Looking at guardrails: at events one ramp at a time, at Prometheus for all ramps at once.

Events are read from our own database, each ramp's by a task of its own. Prometheus is somebody else's: a single worker
asks it at a time, for all ramps at once and in threads, so that one that hangs never stands in the way of steps and of
looks at events. What is found is acted on in `rollouts/services/acting.py`.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from flagsite.lib import clock
from flagsite.lib.leases import leased
from flagsite.lib.tracing import traced
from rollouts import metrics
from rollouts.guardrails import events, prometheus
from rollouts.guardrails.contexts import Seen
from rollouts.guardrails.document import read_guardrails
from rollouts.guardrails.finding import Finding
from rollouts.guardrails.settling import settles_until
from rollouts.guardrails.stages import given_up_before, latest, spans_of
from rollouts.guardrails.watch import EventMetric, PrometheusMetric, Threshold
from rollouts.models import Check, Guardrail, Ramp, Verdict
from rollouts.querysets import (
    event_guardrails,
    ramps,
    unasked_guardrails,
    unseen_guardrails,
    watched_ramps,
)
from rollouts.services.acting import act_safely
from rollouts.target import Target

log = structlog.get_logger(__name__)

LOOK_LEASE: Final = timedelta(seconds=30)
"""After so long a look that has not ended is begun by somebody else: its worker was killed, or it takes very long."""
ASKING_LEASE_SECONDS: Final = 30
"""Prometheus is asked by another worker when the one that does has heard nothing for so long: it was killed."""
_NOBODY_INSIDE: Final = Finding(Verdict.UNDECIDED, "Nobody is inside.")


@dataclass(frozen=True)
class Look:
    """What one look at a guardrail found, when it began, and how many seconds it took."""

    guardrail: Guardrail
    found: Finding
    began: datetime
    seconds: float

    def act(self, *, seen: Ramp) -> bool:
        """Do what follows; tell whether the ramp's other guardrails are still to be looked at."""
        metrics.checked(self.found.verdict, self.seconds)
        return act_safely(self.guardrail, self.found, seen=seen, began=self.began)


def claim_checks() -> list[int]:
    """Return the ids of the ramps whose events are to be looked at now; nobody else gets them until that has ended."""
    now = clock.now()
    unseen = unseen_guardrails(now, lease=LOOK_LEASE)
    due = watched_ramps().filter(pk__in=unseen.values("pk")).filter(guardrails__in=event_guardrails()).distinct()
    claim = {"checked_at": now, "looking_until": now + LOOK_LEASE}
    return [pk for pk in due.values_list("pk", flat=True) if unseen.filter(pk=pk).update(**claim)]


@traced
def check_ramp(pk: int) -> None:
    """Look at every guardrail of a ramp on events, in their order; the first that is crossed is acted on.

    The ramp's lease is renewed before each, so that looks do not overtake each other.
    """
    ramp = ramps().filter(pk=pk).first()
    if ramp is None:
        return
    try:
        for guardrail in event_guardrails().filter(ramp=ramp):
            Ramp.objects.filter(pk=pk).update(looking_until=clock.now() + LOOK_LEASE)
            if not _take(guardrail, partial(_look_at_events, guardrail, ramp)).act(seen=ramp):
                return
    finally:
        Ramp.objects.filter(pk=pk).update(looking_until=None)


@traced
def ask_prometheus() -> int:
    """Ask Prometheus all at once what the guardrails of all ramps are to ask of it now; return how many looks.

    While another worker does so there is nothing to do here. The threads touch no table; what they hear is acted on as
    it comes in. After a step back a query is not asked until it tells of what is now: the ramp takes no step meanwhile.
    """
    with leased("prometheus", seconds=ASKING_LEASE_SECONDS) as lease:
        if lease is None:
            return 0
        now, answers = clock.now(), prometheus.Round()
        due = [row for row in unasked_guardrails(now) if not _is_settling(row, now)]
        with ThreadPoolExecutor(prometheus.AT_ONCE, thread_name_prefix="prometheus") as pool:
            for ended in as_completed([pool.submit(_take, row, _question(row, answers)) for row in due]):
                look = ended.result()
                look.act(seen=look.guardrail.ramp)
                lease.renew()
        return len(due)


def _is_settling(guardrail: Guardrail, now: datetime) -> bool:
    """Tell whether the query of a guardrail still tells of a higher percentage than the present one."""
    until = settles_until(guardrail.metric["prometheus"], spans_of(guardrail.ramp))
    return until is not None and now < until


def _take(guardrail: Guardrail, look: Callable[[], Finding]) -> Look:
    """Look; what fails is a source that says nothing, and holds the ramp."""
    began, started = clock.now(), time.perf_counter()
    try:
        found = look()
    except Exception as failure:
        log.exception("guardrail_look_failed", ramp=guardrail.ramp_id, guardrail=guardrail.pk)
        text = f"Looking at it failed ({type(failure).__name__}); the worker's log says why."
        found = Finding(Verdict.SILENT, text)
    return Look(guardrail, found, began, time.perf_counter() - started)


def _look_at_events(guardrail: Guardrail, ramp: Ramp) -> Finding:
    (watch,) = read_guardrails([guardrail.document])
    assert isinstance(watch.metric, EventMetric)  # noqa: S101 - what it was chosen by
    target = Target(ramp.state, ramp.rule)
    if target.effective == 0:
        return _NOBODY_INSIDE
    if target.bucket_by:
        return Finding(Verdict.UNDECIDED, f"Users are inside by their `{target.bucket_by}`; events carry their id.")
    compared, before = latest(spans_of(ramp))
    seen = Seen(ramp.state, compared, [*before, *given_up_before(ramp)])
    return events.look(watch, watch.metric, seen, now=clock.now())


def _question(guardrail: Guardrail, answers: prometheus.Round) -> Callable[[], Finding]:
    """Return what asks Prometheus, and touches no table."""
    ramp = guardrail.ramp
    percentage = Target(ramp.state, ramp.rule).effective

    def look() -> Finding:
        (watch,) = read_guardrails([guardrail.document])
        match watch.metric, watch.condition:
            case PrometheusMetric() as metric, Threshold() as threshold if percentage:
                return prometheus.look(metric, threshold, ramp.state, percentage=float(percentage), answers=answers)
        return _NOBODY_INSIDE

    return look


def forget_checks(*, older_than: timedelta) -> int:
    """Delete looks at guardrails of before then; return how many."""
    number, _ = Check.objects.filter(at__lt=clock.now() - older_than).delete()
    return number
