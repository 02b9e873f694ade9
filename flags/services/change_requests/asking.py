"""Proposing and revising by wishes: what is wrong with an edit is said at the place of the wish that it came from."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Project
from accounts.permissions import require
from accounts.roles import Ability
from flags.editing.wishes import Asked, Wish, edits_of
from flags.errors import InvalidEdit
from flags.models import ChangeRequest
from flags.services.change_requests.proposing import propose, revise
from flags.services.change_requests.publishing import schedule_change_request
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def propose_wishes(
    *,
    project: Project,
    wishes: Sequence[Wish],
    by: Actor,
    title: str = "",
    comment: str = "",
    publish_at: datetime | None = None,
) -> ChangeRequest:
    """Keep what is asked for as a change request and, when a moment is given, schedule it: both or nothing.

    Raises:
        MissingRole, StaleVersion, NothingChanges: as `propose` does.
        InvalidInput: naming each place that is wrong, as `edits[0].set.rules[0].if`.
        ApprovalRequired: when it cannot be scheduled before somebody has approved it.
    """
    require(by, Ability.EDIT, project)
    asked = edits_of(wishes, project=project)
    with _placed(asked):
        proposed = propose(project=project, edits=asked.edits, by=by, title=title, comment=comment)
    if publish_at is None:
        return proposed
    return schedule_change_request(proposed, by=by, version=proposed.version, at=publish_at)


@traced
@transaction.atomic
def revise_by_wishes(
    change_request: ChangeRequest, *, wishes: Sequence[Wish], by: Actor, version: int, title: str = ""
) -> ChangeRequest:
    """Give a change request the edits that are asked for.

    Raises:
        MissingRole, NotPending, StaleVersion, NothingChanges: as `revise` does.
        InvalidInput: as `propose_wishes` does.
    """
    require(by, Ability.EDIT, change_request.project)
    asked = edits_of(wishes, project=change_request.project)
    with _placed(asked):
        return revise(change_request, edits=asked.edits, by=by, version=version, title=title)


@contextmanager
def _placed(asked: Asked) -> Iterator[None]:
    try:
        yield
    except InvalidEdit as refusal:
        raise asked.placed(refusal) from None
