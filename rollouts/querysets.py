"""Reads of ramps, webhooks, e-mail notices and deliveries, and the locks under which they change."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import Environment, Project
from accounts.querysets import lock_environments
from flags.models import FlagState, RevisionItem
from flags.querysets import state_named, states_of
from rollouts.errors import DeliveryNotFound, MailNoticeNotFound, RampNotFound, WebhookNotFound
from rollouts.models import Check, Delivery, Guardrail, MailNotice, Occurrence, Ramp, Step, Verdict, Webhook
from rollouts.schedule import LATE_AFTER, PlannedStep

LOOKED_AT_WITHIN: Final = timedelta(seconds=60)
"""A ramp whose guardrails nobody has looked at for longer takes no step."""
PEOPLE_INSIDE: Final = Q(status__in=Ramp.ACTIVE, percentage__isnull=False)
"""Ramps that are not over and have let people in, also those that are held or wait for another approval."""


def ramps() -> QuerySet[Ramp]:
    """Return all ramps with their state, flag, environment and project."""
    return Ramp.objects.select_related("state__flag", "state__environment__project")


def latest_ramp(key: str, *, environment: Environment) -> Ramp:
    """Return the flag's ramp that is active, or was last.

    Raises:
        FlagNotFound: when the project has no such flag.
        RampNotFound: when the flag has had no ramp here.
    """
    found = ramps().filter(state=state_named(key, environment=environment)).first()
    if found is None:
        raise RampNotFound(f"The flag `{key}` has had no ramp in {environment}.")
    return found


def active_ramp(state: FlagState) -> Ramp | None:
    """Return the state's ramp that is not over."""
    return ramps().filter(state=state, status__in=Ramp.ACTIVE).first()


def active_ramps(projects: Collection[Project]) -> QuerySet[Ramp]:
    """Return the ramps of these projects that are not over, the next due first."""
    rows = ramps().filter(status__in=Ramp.ACTIVE, state__flag__project__in=projects)
    return rows.prefetch_related("steps").order_by("due_at", "pk")


def salts_watched(environment: Environment) -> Collection[str]:
    """Return the salts of the flags whose ramps are not over: whose events may be compared by their buckets."""
    rows = Ramp.objects.filter(status__in=Ramp.ACTIVE, state__environment=environment).order_by()
    return list(rows.values_list("state__salt", flat=True))


def ramps_by_status() -> dict[str, int]:
    """Return how many ramps there are of each status that is not the end, in the whole installation."""
    rows = Ramp.objects.filter(status__in=Ramp.ACTIVE).order_by().values_list("status").annotate(Count("pk"))
    return {status.value: 0 for status in Ramp.ACTIVE} | dict(rows)


def waiting_ramps(now: datetime) -> QuerySet[Ramp]:
    """Return the running ramps of which it is to be told now that they wait, if they do."""
    return ramps().filter(status=Ramp.Status.RUNNING, told_at__lte=now).order_by("told_at", "pk")


def overdue_steps(now: datetime) -> dict[str, int]:
    """Return of how many steps the time has come over a minute ago, by what they were last seen to wait for."""
    lately, word = now - LATE_AFTER, Q(due_at=None, position__lt=F("last"))
    due, is_lacking, is_held = Q(due_at__lt=lately), Q(lacked_at__gte=lately), Q(held_at__gte=lately)
    last = Step.objects.filter(ramp=OuterRef("pk")).order_by("-position").values("position")[:1]
    rows = Ramp.objects.filter(status=Ramp.Status.RUNNING).annotate(last=Subquery(last))
    found: dict[str, int] = rows.aggregate(
        evaluations=Count("pk", filter=due & is_lacking),
        guardrail=Count("pk", filter=due & is_held & (Q(lacked_at=None) | ~is_lacking)),
        nothing=Count("pk", filter=due & (Q(held_at=None) | ~is_held)),
        confirmation=Count("pk", filter=word & (Q(told_at=None) | Q(told_at__lt=lately))),
    )
    return found


def lock_ramp(ramp: Ramp) -> Ramp:
    """Return the ramp fresh and locked until the transaction ends, and with it its environment.

    The environment is locked first, as in every change of configuration: so that nobody waits for anybody in a
    circle, and the flag cannot change between a look at it and the step.

    Raises:
        RampNotFound: when it is gone.
    """
    project = ramp.state.environment.project
    environments = lock_environments(project, only=ramp.state.environment)
    held = ramps().select_for_update(of=("self",)).filter(pk=ramp.pk).first()
    if held is None:
        raise RampNotFound("The ramp is gone: its flag was deleted.")
    flag = held.state.flag
    flag.project = project
    (held.state,) = states_of(flag, environments=environments)
    return held


def due_ramps(now: datetime) -> list[Ramp]:
    """Return the running ramps whose next step is due, the longest due first."""
    return list(ramps().filter(status=Ramp.Status.RUNNING, due_at__lte=now).order_by("due_at", "pk"))


def is_due(ramp: Ramp, now: datetime) -> bool:
    """Tell whether the ramp's next step is due still, as far as can be seen without a lock."""
    return Ramp.objects.filter(pk=ramp.pk, status=Ramp.Status.RUNNING, due_at__lte=now).exists()


def unwatched(ramp: Ramp, now: datetime) -> bool:
    """Tell whether a guardrail's source is silent, or nobody has looked at a guardrail for a while.

    A look at what the step before had let in says nothing of this one; and a look in the future was made before the
    clock was set back.
    """
    while_ago = max(LOOKED_AT_WITHIN, timedelta(seconds=3 * settings.GUARDRAIL_CHECK_SECONDS))
    lately = Q(looked_at__gte=now - while_ago, looked_at__lte=now + while_ago)
    seen = ramp.guardrails.filter(lately, looked_at__gt=ramp.stepped_at, silent_since=None)
    return ramp.guardrails.exclude(pk__in=seen.values("pk")).exists()


def unseen_guardrails(now: datetime, *, lease: timedelta) -> QuerySet[Ramp]:
    """Return the ramps whose events are due for a look and that nobody looks at; a claim lasts `lease` at the most."""
    is_free = Q(looking_until=None) | Q(looking_until__lte=now) | Q(looking_until__gt=now + lease)
    return Ramp.objects.filter(_is_due("checked_at", now, stepped_at="stepped_at"), is_free)


def unasked_guardrails(now: datetime) -> QuerySet[Guardrail]:
    """Return the guardrails on Prometheus that are due for a look, those of no look and of long ago first."""
    rows = Guardrail.objects.filter(
        _is_due("looked_at", now, stepped_at="ramp__stepped_at"),
        document__metric__has_key="prometheus",
        ramp__in=watched_ramps(),
    )
    rows = rows.select_related("ramp__state__flag", "ramp__state__environment__project")
    return rows.order_by(F("looked_at").asc(nulls_first=True), "ramp", "position")


def event_guardrails() -> QuerySet[Guardrail]:
    """Return the guardrails on what SDKs report."""
    return Guardrail.objects.filter(document__metric__has_key="event")


def _is_due(seen_at: str, now: datetime, *, stepped_at: str) -> Q:
    """Say of a column with the last look that there was none for a while, or none since the last step."""
    every = timedelta(seconds=settings.GUARDRAIL_CHECK_SECONDS)
    is_due = Q(**{seen_at: None}) | Q(**{f"{seen_at}__lte": now - every})
    is_due |= Q(**{f"{seen_at}__lte": F(stepped_at), f"{stepped_at}__lte": now})
    was_set_back = Q(**{f"{seen_at}__gt": now + every})  # the clock, since then
    return is_due | was_set_back


def undecided_guardrails(ramp: Ramp) -> list[int]:
    """Return the numbers of the guardrails that had too little to judge by when they were looked at last."""
    found = ramp.guardrails.filter(verdict=Verdict.UNDECIDED).order_by("position")
    return [position + 1 for position in found.values_list("position", flat=True)]


def watched_ramps() -> QuerySet[Ramp]:
    """Return the ramps that people are let in by now."""
    return ramps().filter(PEOPLE_INSIDE).order_by("pk")


def held_ramps() -> QuerySet[Ramp]:
    """Return the ramps that take no step and have let people in, with `told`: the percentage that their log knows."""
    known = Occurrence.objects.filter(ramp=OuterRef("pk")).exclude(percentage=None).order_by("-at", "-pk")
    rows = ramps().filter(PEOPLE_INSIDE).exclude(status=Ramp.Status.RUNNING)
    return rows.annotate(told=Subquery(known.values("percentage")[:1]))


def planned(steps: Collection[Step]) -> list[PlannedStep]:
    """Return steps as the schedule takes them."""
    return [
        PlannedStep(step.percentage, step.at, step.after, step.min_evaluations, step.needs_confirmation)
        for step in steps
    ]


def last_change(state: FlagState) -> RevisionItem | None:
    """Return what changed the flag last in its environment."""
    return changes_since(state, 0).last()


def changes_since(state: FlagState, revision: int) -> QuerySet[RevisionItem]:
    """Return what has changed the flag in its environment after a revision, the first first."""
    items = RevisionItem.objects.filter(
        environment=state.environment_id, kind=RevisionItem.Kind.FLAG, key=state.flag.key, number__gt=revision
    )
    return items.select_related("revision").order_by("number")


def occurrences_of(ramp: Ramp) -> QuerySet[Occurrence]:
    """Return what happened to a ramp, the first first."""
    return Occurrence.objects.filter(ramp=ramp).order_by("at", "pk")


def checks_of(ramp: Ramp) -> QuerySet[Check]:
    """Return the looks at a ramp's guardrails, the newest first."""
    return Check.objects.filter(guardrail__ramp=ramp).select_related("guardrail").order_by("-at", "-pk")


def webhooks_of(project: Project) -> QuerySet[Webhook]:
    """Return the webhooks of a project."""
    return Webhook.objects.filter(project=project).select_related("project").prefetch_related("environments")


def webhook_of(project: Project, pk: int, *, for_update: bool = False) -> Webhook:
    """Return one webhook of the project.

    Raises:
        WebhookNotFound: when it has none of that number.
    """
    rows = webhooks_of(project)
    found = (rows.select_for_update(of=("self",), no_key=True) if for_update else rows).filter(pk=pk).first()
    if found is None:
        raise WebhookNotFound(f"The project `{project.key}` has no webhook {pk}.")
    return found


def mail_notices_of(project: Project) -> QuerySet[MailNotice]:
    """Return the e-mail notices of a project, with whom they name."""
    rows = MailNotice.objects.filter(project=project).select_related("project")
    return rows.prefetch_related("environments", "people")


def mail_notice_of(project: Project, pk: int, *, for_update: bool = False) -> MailNotice:
    """Return one e-mail notice of the project.

    Raises:
        MailNoticeNotFound: when it has none of that number.
    """
    rows = mail_notices_of(project)
    found = (rows.select_for_update(of=("self",), no_key=True) if for_update else rows).filter(pk=pk).first()
    if found is None:
        raise MailNoticeNotFound(f"The project `{project.key}` has no e-mail notice {pk}.")
    return found


def deliveries_of(receiver: Webhook | MailNotice) -> QuerySet[Delivery]:
    """Return what was and is to be told to a receiver, with the log of attempts."""
    return receiver.deliveries.prefetch_related("log")


def delivery_of(project: Project, pk: uuid.UUID) -> Delivery:
    """Return one delivery of the project, to whomever it went.

    Raises:
        DeliveryNotFound: when it has none of that id, or no longer.
    """
    found = Delivery.objects.filter(project=project, pk=pk).select_related("project").prefetch_related("log").first()
    if found is None:
        raise DeliveryNotFound(f"The project `{project.key}` has no delivery {pk}.")
    return found
