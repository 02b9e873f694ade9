"""Looking at guardrails, and doing what they ask for.

A look reads without locks, which may take a while; what it finds is then written and acted on under the lock, and only
while the ramp stands where it stood when the look began.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from accounts.actors import Actor, Clearance, Source
from flagsite.lib import clock
from flagsite.lib.problems import Refusal
from flagsite.lib.tracing import traced
from rollouts import metrics
from rollouts.guardrails import events, prometheus
from rollouts.guardrails.contexts import Seen
from rollouts.guardrails.document import MAX_GUARDRAILS, read_guardrails
from rollouts.guardrails.finding import Finding
from rollouts.guardrails.stages import given_up_before, latest, spans_of
from rollouts.guardrails.watch import Action, EventMetric, Threshold, Watch
from rollouts.models import Check, Guardrail, Occurrence, Ramp, Verdict
from rollouts.querysets import lock_ramp, ramps, unseen_guardrails, watched_ramps
from rollouts.services.log import put_down
from rollouts.services.retreating import retreat, step_back
from rollouts.services.stopping import pause
from rollouts.target import Target

log = structlog.get_logger(__name__)

KEPT_EVERY: Final = timedelta(seconds=60)
"""A look that finds what the one before found is kept so often; every other verdict is kept at once."""


def claim_checks() -> list[int]:
    """Return the ids of the ramps whose guardrails are to be looked at now; nobody else gets them meanwhile."""
    unseen = unseen_guardrails(clock.now())
    due = watched_ramps().filter(pk__in=unseen.values("pk"), guardrails__isnull=False).distinct()
    return [pk for pk in due.values_list("pk", flat=True) if unseen.filter(pk=pk).update(checked_at=clock.now())]


@traced
def check_ramp(pk: int) -> None:
    """Look at every guardrail of a ramp, in their order; the first that is crossed is acted on.

    Queries of Prometheus, which touch no table, are asked all at once: of one that does not answer, a look takes no
    longer with ten of them, and looks do not overtake each other.
    """
    ramp = ramps().filter(pk=pk).first()
    if ramp is None:
        return
    guardrails = list(ramp.guardrails.all())
    with ThreadPoolExecutor(MAX_GUARDRAILS) as pool:
        asked = {each.pk: pool.submit(_look_safely, each, ramp) for each in guardrails if "prometheus" in each.metric}
        for guardrail in guardrails:
            began = time.perf_counter()
            found = asked[guardrail.pk].result() if guardrail.pk in asked else _look_safely(guardrail, ramp)
            metrics.checked(found.verdict, time.perf_counter() - began)
            if not _act_safely(guardrail, found, seen=ramp):
                return


def _look_safely(guardrail: Guardrail, ramp: Ramp) -> Finding:
    """Return what a guardrail's source says; a look that fails is a source that says nothing, and holds the ramp."""
    try:
        return look(guardrail, ramp)
    except Exception as failure:
        log.exception("guardrail_look_failed", ramp=ramp.pk, guardrail=guardrail.pk)
        return Finding(Verdict.SILENT, f"Looking at it failed ({type(failure).__name__}); the worker's log says why.")


def look(guardrail: Guardrail, ramp: Ramp) -> Finding:
    """Return what a guardrail's source says now."""
    (watch,) = read_guardrails([guardrail.document])
    target = Target(ramp.state, ramp.rule)
    if target.effective == 0:
        return Finding(Verdict.UNDECIDED, "Nobody is inside.")
    match watch.metric, watch.condition:
        case EventMetric(), _ if target.bucket_by:
            return Finding(Verdict.UNDECIDED, f"Users are inside by their `{target.bucket_by}`; events carry their id.")
        case EventMetric() as metric, _:
            compared, before = latest(spans_of(ramp))
            seen = Seen(ramp.state, compared, [*before, *given_up_before(ramp)])
            return events.look(watch, metric, seen, now=clock.now())
        case metric, Threshold() as threshold:
            return prometheus.look(metric, threshold, ramp.state, percentage=float(target.effective))
    raise AssertionError(guardrail.document)  # the reader lets no other in


def _act_safely(guardrail: Guardrail, found: Finding, *, seen: Ramp) -> bool:
    """Do what follows; where that fails the next guardrail still has its turn, and this one counts as not looked at."""
    try:
        return _act(guardrail, found, seen=seen)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("guardrail_not_acted_on", ramp=seen.pk, guardrail=guardrail.pk, verdict=found.verdict)
        return True


@transaction.atomic
def _act(guardrail: Guardrail, found: Finding, *, seen: Ramp) -> bool:
    """Keep what was found and do what follows; tell whether the other guardrails are still to be looked at."""
    held = lock_ramp(seen)
    row = Guardrail.objects.filter(pk=guardrail.pk).first()
    is_as_seen = (held.status, held.position) == (seen.status, seen.position)
    if row is None or not is_as_seen or not held.is_active:
        return False
    (watch,) = read_guardrails([row.document])
    now = clock.now()
    _keep(row, found, now)
    by = Actor.system("guardrail", source=Source.GUARDRAIL).cleared(Clearance(approved_by=held.approved_by))
    match found.verdict:
        case Verdict.SILENT:
            return _wait_for_source(row, held, watch, found, now=now, by=by)
        case Verdict.CROSSED:
            return _do_or_hold(watch, held, found, by=by)
        case Verdict.MISMATCHED if held.status == Ramp.Status.RUNNING:
            pause(held, by=by, reason=found.text)
            return False
    return True


def _keep(guardrail: Guardrail, found: Finding, now: datetime) -> None:
    guardrail.silent_since = (guardrail.silent_since or now) if found.verdict == Verdict.SILENT else None
    guardrail.looked_at, guardrail.verdict = now, found.verdict
    guardrail.save(update_fields=["silent_since", "looked_at", "verdict"])
    last = guardrail.checks.first()
    if last is None or last.verdict != found.verdict or now - last.at >= KEPT_EVERY:
        Check.objects.create(guardrail=guardrail, at=now, verdict=found.verdict, text=found.text, figures=found.figures)


def _wait_for_source(
    guardrail: Guardrail, ramp: Ramp, watch: Watch, found: Finding, *, now: datetime, by: Actor
) -> bool:
    """Give the source its grace; then pause: nobody knows whether those inside are well."""
    since = guardrail.silent_since or now
    if ramp.status == Ramp.Status.RUNNING and now - since >= timedelta(seconds=settings.GUARDRAIL_GRACE_SECONDS):
        pause(ramp, by=by, reason=f"The source of “{watch.name or watch.metric}” does not answer. {found.text}")
        return False
    return True


def _do_or_hold(watch: Watch, ramp: Ramp, found: Finding, *, by: Actor) -> bool:
    """Do what the guardrail asks for; when the flag refuses, hold the ramp at the least."""
    try:
        with transaction.atomic():
            return _do(watch, ramp, found, by=by)
    except Refusal as refusal:
        log.exception("guardrail_refused", ramp=ramp.pk, action=watch.action)
        held = lock_ramp(ramp)
        if held.status == Ramp.Status.RUNNING:
            pause(held, by=by, reason=f"{watch} {found.text} That could not be done: {refusal.detail}")
        return False


def _do(watch: Watch, ramp: Ramp, found: Finding, *, by: Actor) -> bool:
    if watch.action is Action.PAUSE and ramp.status != Ramp.Status.RUNNING:
        return True
    details = {"guardrail": watch.document, "figures": found.figures}
    put_down(ramp, Occurrence.Kind.GUARDRAIL, by=by, text=f"{watch} {found.text}", details=details)
    match watch.action:
        case Action.ROLLBACK:
            retreat(ramp, Decimal(0), by=by, reason=found.text)
        case Action.TURN_OFF:
            retreat(ramp, Decimal(0), by=by, reason=found.text, turns_off=True)
        case Action.STEP_BACK:
            step_back(ramp, by=by, reason=found.text)
        case Action.PAUSE:
            pause(ramp, by=by, reason=found.text)
    return False


def forget_checks(*, older_than: timedelta) -> int:
    """Delete looks at guardrails of before then; return how many."""
    number, _ = Check.objects.filter(at__lt=clock.now() - older_than).delete()
    return number
