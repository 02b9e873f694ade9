"""Change requests that wait, as a flag's page tells of them: whoever edits it should know what others are about."""

from dataclasses import dataclass
from typing import Final

from django.utils.formats import date_format

from flags.admin.reviews.proposing import review_address
from flags.models import ChangeRequest, Concern, Flag

MAX_TOLD: Final = 5
"""Requests that are told of; of more, the newest."""


@dataclass(frozen=True)
class Pending:
    """A change request that waits: what it is called, who wants it where and when, and where it is reviewed."""

    title: str
    sentence: str
    address: str


def pending_about(flag: Flag) -> list[Pending]:
    """Return what waits to be published about the flag, the newest first, in two queries."""
    waiting = (ChangeRequest.Status.OPEN, ChangeRequest.Status.SCHEDULED)
    rows = ChangeRequest.objects.filter(
        pk__in=Concern.objects.filter(kind=Concern.Kind.FLAG, key=flag.key).values("change_request"),
        project=flag.project_id,
        status__in=waiting,
    )
    found = rows.order_by("-updated_at", "-pk").select_related("project").defer("edits", "told")
    return [_told(row, flag) for row in found.prefetch_related("concerns")[:MAX_TOLD]]


def _told(row: ChangeRequest, flag: Flag) -> Pending:
    keys = {each.environment for each in row.concerns.all() if each.kind == Concern.Kind.FLAG and each.key == flag.key}
    places = [state.environment.name for state in flag.states.all() if state.environment.key in keys]
    whose = f"{row.author_label} proposes it, for {', '.join(places)}." if places else f"{row.author_label}’s."
    sentence = f"{row.summary} {whose}".strip()
    if row.status == ChangeRequest.Status.SCHEDULED and row.publish_at:
        sentence += f" It will be published {date_format(row.publish_at, 'DATETIME_FORMAT')}."
    return Pending(row.title, sentence, review_address(row))
