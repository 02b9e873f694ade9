"""Writing down who is to be told of an occurrence: in the transaction of the occurrence, sent after it."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import Environment, Project
from accounts.querysets import people_in
from flagsite.lib import clock
from rollouts.models import Delivery, MailNotice, Occurrence, Webhook
from rollouts.notices.wording import Notice, json_body, mail_body, slack_body

log = structlog.get_logger(__name__)


def notify(occurrence: Occurrence) -> None:
    """Write a delivery for each receiver that wants to hear of it, and have them sent once this is committed.

    To be called in the transaction of the occurrence; calling it twice tells nobody twice.
    """
    state = occurrence.ramp.state
    environment, project = state.environment, state.flag.project
    notice = notice_of(occurrence)
    wanted = [
        delivery
        for rows in (Webhook.objects.all(), MailNotice.objects.all())
        for receiver in _listening(rows, project, environment)
        if not receiver.kinds or occurrence.kind in receiver.kinds
        for delivery in deliveries_to(receiver, notice, occurrence=occurrence)
    ]
    if wanted:
        Delivery.objects.bulk_create(wanted, ignore_conflicts=True)
        transaction.on_commit(nudge, robust=True)


def _listening(rows: QuerySet[Any], project: Project, environment: Environment) -> QuerySet[Any]:
    concerned = Q(environments__isnull=True) | Q(environments=environment)
    return rows.filter(concerned, project=project, is_active=True).select_related("project")


def notice_of(occurrence: Occurrence) -> Notice:
    """Return an occurrence as it is told."""
    ramp = occurrence.ramp
    flag, environment = ramp.state.flag, ramp.state.environment
    return Notice(
        type=f"ramp.{occurrence.kind}",
        headline=Occurrence.Kind(occurrence.kind).label,
        text=occurrence.text,
        time=occurrence.at,
        project=flag.project.key,
        project_name=flag.project.name,
        actor=occurrence.actor_label,
        environment=environment.key,
        flag=flag.key,
        rule=ramp.rule,
        ramp=ramp.pk,
        percentage_before=occurrence.percentage_before,
        percentage=occurrence.percentage,
        revision=occurrence.revision,
        guardrail=occurrence.details.get("guardrail"),
        figures=occurrence.details.get("figures"),
        waits_for=occurrence.details.get("waits_for", ""),
        link=_link(reverse("admin:rollouts_ramp_change", args=[ramp.pk])),
    )


def _link(path: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}" if settings.PUBLIC_URL else ""


def deliveries_to(
    receiver: Webhook | MailNotice, notice: Notice, *, occurrence: Occurrence | None = None
) -> Iterator[Delivery]:
    """Return what is to be written to tell a receiver: one row for a webhook, one for each address of an e-mail."""
    now = clock.now()
    about: dict[str, Any] = {"project": receiver.project, "occurrence": occurrence, "kind": notice.type}
    about |= {"subject": notice.subject, "created_at": now, "next_at": now}
    if isinstance(receiver, Webhook):
        delivery = Delivery(webhook=receiver, **about)
        is_slack = receiver.format == Webhook.Format.SLACK
        delivery.body = slack_body(notice) if is_slack else json_body(notice, id=str(delivery.pk))
        yield delivery
    else:
        body = mail_body(notice, receiver=receiver.name)
        for address in _addresses(receiver):
            yield Delivery(mail_notice=receiver, recipient=address, body=body, **about)


def _addresses(receiver: MailNotice) -> list[str]:
    """Return the addresses, each once: those written down, and those of people who still see the project."""
    there = people_in(Project.objects.filter(pk=receiver.project.pk)).values("pk")
    seeing = receiver.people.filter(Q(pk__in=there) | Q(is_superuser=True), is_active=True).exclude(email="")
    found = [*receiver.addresses, *seeing.values_list("email", flat=True)]
    return list({address.lower(): address for address in found}.values())


def nudge() -> None:
    """Have what is due sent at once; beat would find it a few seconds later, so that no failure of this matters."""
    from rollouts.tasks import send_notices  # which imports the services

    try:
        send_notices.apply_async(retry=False)
    except Exception as error:  # noqa: BLE001 - whatever the broker raises
        log.warning("nudge_dropped", error=repr(error))
