"""What follows of a look at a guardrail: it is kept, and what the guardrail asks for is done.

A look reads without locks, which may take a while; what it finds is written and acted on under the lock, and only while
the ramp stands where it stood when the look began. Of looks that began one after the other the later counts, whichever
ends first. Only a crossing counts whenever it was seen: no newer look makes harm undone, and the sequential test's
alarm stays one.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from accounts.actors import Actor, Clearance, Source
from flagsite.lib import clock
from flagsite.lib.problems import Refusal
from rollouts.guardrails.document import read_guardrails
from rollouts.guardrails.finding import Finding
from rollouts.guardrails.watch import Action, Watch
from rollouts.models import Check, Guardrail, Occurrence, Ramp, Verdict
from rollouts.querysets import lock_ramp
from rollouts.services.log import put_down
from rollouts.services.retreating import retreat, step_back
from rollouts.services.stopping import pause

log = structlog.get_logger(__name__)

KEPT_EVERY: Final = timedelta(seconds=60)
"""A look that finds what the one before found is kept so often; every other verdict is kept at once."""


def act_safely(guardrail: Guardrail, found: Finding, *, seen: Ramp, began: datetime) -> bool:
    """Do what follows; where that fails the next guardrail still has its turn, and this one counts as not looked at."""
    try:
        return _act(guardrail, found, seen=seen, began=began)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("guardrail_not_acted_on", ramp=seen.pk, guardrail=guardrail.pk, verdict=found.verdict)
        return True


@transaction.atomic
def _act(guardrail: Guardrail, found: Finding, *, seen: Ramp, began: datetime) -> bool:
    """Keep what was found and do what follows; tell whether the other guardrails are still to be looked at."""
    held = lock_ramp(seen)
    row = Guardrail.objects.filter(pk=guardrail.pk).first()
    is_as_seen = (held.status, held.position) == (seen.status, seen.position)
    if row is None or not is_as_seen or not held.is_active:
        return False
    (watch,) = read_guardrails([row.document])
    now = clock.now()
    if not _is_overtaken(row, began, now):
        _keep(row, found, began=began, now=now)
    elif found.verdict != Verdict.CROSSED:
        return True
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


def _is_overtaken(guardrail: Guardrail, began: datetime, now: datetime) -> bool:
    """Tell whether what is kept is of a look that began later; one in the future was before the clock was set back."""
    return guardrail.looked_at is not None and began < guardrail.looked_at <= now


def _keep(guardrail: Guardrail, found: Finding, *, began: datetime, now: datetime) -> None:
    guardrail.silent_since = (guardrail.silent_since or now) if found.verdict == Verdict.SILENT else None
    guardrail.looked_at, guardrail.verdict = began, found.verdict
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
