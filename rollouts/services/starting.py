"""Starting a ramp, and approving one where the environment asks for a second person."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import MissingRole
from accounts.models import Environment, Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flags.errors import OwnChange
from flags.querysets import state_named
from flagsite.lib import clock
from flagsite.lib.problems import InputError, InvalidInput, StaleVersion
from flagsite.lib.tracing import traced
from rollouts.errors import RampInTheWay, RuleNotFound, WrongMoment
from rollouts.guardrails.document import MAX_GUARDRAILS, limit_errors, read_guardrails
from rollouts.guardrails.watch import EventMetric, PrometheusMetric, Watch
from rollouts.models import Guardrail, Occurrence, Ramp, Step
from rollouts.querysets import active_ramp, lock_ramp, planned
from rollouts.schedule import PlannedStep
from rollouts.services.log import audited, audited_whole, keep, put_down
from rollouts.services.moving import count_from, move_if_due
from rollouts.services.overriding import overridden, take_over
from rollouts.steps import percentages, read_steps
from rollouts.target import Target


@traced
@transaction.atomic
def start_ramp(
    *,
    project: Project,
    environment: Environment,
    key: str,
    steps: Any,
    by: Actor,
    guardrails: Any = None,
    rule: str = "",
    turn_on: bool = False,
    watch_for: timedelta = timedelta(0),
    comment: str = "",
) -> Ramp:
    """Start a ramp of a flag's default rule, or of one of its rules; a first step that is due is taken at once.

    Where the environment requires approval the ramp waits for it.

    Args:
        project: the flag's project.
        environment: where it is ramped.
        key: the flag's key.
        steps: as `rollouts.steps.read_steps` takes them.
        by: who starts it.
        guardrails: as `rollouts.guardrails.document.read_guardrails` takes them.
        rule: the id of the rule; empty: the default rule.
        turn_on: turn the flag on with the first step, when it is off.
        watch_for: how long guardrails look on after the last step.
        comment: why.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
        RampInTheWay: when the flag has a ramp here that is not over.
        InvalidInput: naming each place that is wrong.
    """
    require(by, Ability.EDIT, project)
    (held,) = lock_environments(project, only=environment)
    state = state_named(key, environment=held)
    if active_ramp(state) is not None:
        raise RampInTheWay(f"The flag `{key}` already has a ramp in {held}; stop it first.")
    target = Target(state, rule)
    wanted, watches = read_steps(steps, now=clock.now()), read_guardrails([] if guardrails is None else guardrails)
    check_ground(target, watches)
    if not state.enabled and not turn_on:
        raise InvalidInput.at("turn_on", "The flag is off: nobody would be let in. Say that the ramp turns it on.")
    check_comment(held, comment)
    needs_approval = held.requires_approval and by.user is not None
    ramp = Ramp.objects.create(
        state=state,
        rule=rule,
        status=Ramp.Status.AWAITING_APPROVAL if needs_approval else Ramp.Status.RUNNING,
        turns_on=turn_on and not state.enabled,
        percentage_before=target.percentage,
        buckets=target.buckets,
        seen_version=state.version,
        seen_revision=held.revision,
        stepped_at=clock.now(),
        watches_for=watch_for,
        comment=comment,
        author=by.user,
        author_label=by.label,
        started_at=clock.now(),
    )
    had_a_hand(ramp, by)
    write_steps(ramp, wanted)
    write_guardrails(ramp, watches)
    written = audited_whole(ramp)
    record(Action.CREATE, ramp, by=by, project=project, environment=held.key, new=written, comment=comment)
    schedule = percentages(wanted)
    if needs_approval:
        put_down(ramp, Occurrence.Kind.PROPOSED, by=by, text=f"Proposed: {schedule}")
    else:
        put_down(ramp, Occurrence.Kind.STARTED, by=by, text=f"Started: {schedule}", percentage=target.effective)
        begin(ramp)
    return ramp


def begin(ramp: Ramp) -> None:
    """Let the (locked) running ramp count from now; take its next step when that is due and nobody has interfered."""
    count_from(ramp, clock.now(), planned(ramp.steps.all()))
    ramp.save()
    if ramp.due_at is not None and ramp.due_at <= clock.now() and overridden(ramp) is None:
        move_if_due(ramp)


@traced
@transaction.atomic
def approve_ramp(ramp: Ramp, *, by: Actor, if_version: int | None = None, comment: str = "") -> Ramp:
    """Let a ramp begin that waits for a second person; who approves vouches for exactly these steps and guardrails.

    Raises:
        MissingRole: when the actor may not edit, or is no person.
        OwnChange: when they have had a hand in it since it was last approved.
        StaleVersion: when `if_version` is given and is not the present one.
        WrongMoment: when it does not wait for approval.
    """
    held = lock_ramp(ramp)
    require(by, Ability.EDIT, held.state.environment.project)
    if by.user is None:
        raise MissingRole("Only a person approves a ramp.")
    StaleVersion.unless(if_version, present=held.version, what="ramp")
    if held.status != Ramp.Status.AWAITING_APPROVAL:
        raise WrongMoment(f"The ramp {held.stands}: it does not wait for approval.")
    if held.hands.filter(pk=by.user.pk).exists():
        raise OwnChange("Nobody approves a ramp that they had a hand in.")
    old = audited(held)
    held.status, held.approved_by, held.reason = Ramp.Status.RUNNING, by.label[:200], ""
    target = Target(held.state, held.rule)
    if not held.has_begun:
        held.percentage_before, held.buckets = target.percentage, target.buckets
        take_over(held)
    held.hands.clear()
    put_down(held, Occurrence.Kind.APPROVED, by=by, text="Approved", percentage=target.effective)
    keep(held, old=old, by=by, comment=comment)
    begin(held)
    return held


def had_a_hand(ramp: Ramp, by: Actor) -> None:
    """Keep that somebody has written of the ramp: they cannot approve it."""
    if by.user is not None:
        ramp.hands.add(by.user)


def check_comment(environment: Environment, comment: str) -> None:
    """Check that somebody says why, where the environment asks for it.

    Raises:
        InvalidInput: at `comment`.
    """
    if environment.is_protected and not comment.strip():
        raise InvalidInput.at("comment", f"{environment} is protected: say why.")


def check_ground(target: Target, watches: Sequence[Watch]) -> None:
    """Check what the steps and guardrails take for granted of the flag and of the installation.

    Raises:
        InvalidInput: naming each place that is wrong.
    """
    try:
        bucket_by = target.bucket_by
    except RuleNotFound as refusal:
        raise InvalidInput.at("rule", refusal.detail) from None
    errors = limit_errors(watches)
    for place, watch in enumerate(watches):
        if isinstance(watch.metric, EventMetric) and bucket_by:
            message = f"{target} is bucketed by `{bucket_by}`, which events do not carry: watch by Prometheus instead."
            errors.append(InputError(f"guardrails[{place}].metric", message[0].upper() + message[1:]))
        if isinstance(watch.metric, PrometheusMetric) and not settings.PROMETHEUS_URL:
            message = "This installation knows no Prometheus: set PROMETHEUS_URL."
            errors.append(InputError(f"guardrails[{place}].metric.prometheus", message))
    if errors:
        raise InvalidInput.of(errors)


def write_steps(ramp: Ramp, steps: Sequence[PlannedStep], *, first: int = 0) -> None:
    """Write steps from a position on."""
    Step.objects.bulk_create(
        Step(
            ramp=ramp,
            position=position,
            percentage=step.percentage,
            at=step.at,
            after=step.after,
            min_evaluations=step.min_evaluations,
            needs_confirmation=step.needs_confirmation,
        )
        for position, step in enumerate(steps, start=first)
    )


def write_guardrails(ramp: Ramp, watches: Sequence[Watch]) -> None:
    """Write the guardrails in their order; those that the ramp has already keep what was found of them."""
    present = list(ramp.guardrails.all())
    rows = []
    for position, watch in enumerate(watches):
        same = next((row for row in present if row.document == watch.document), None)
        if same is not None:
            present.remove(same)
        row = same or Guardrail(ramp=ramp, document=watch.document)
        row.position = position
        rows.append(row)
    ramp.guardrails.exclude(pk__in=[row.pk for row in rows if row.pk]).delete()
    ramp.guardrails.update(position=F("position") + MAX_GUARDRAILS)  # each position is had once, also in between
    for row in rows:
        row.save()
