"""Keeping recorded evaluations, and forgetting them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.models import Environment, Project
from accounts.permissions import require
from accounts.roles import Ability
from flags.contexts import ids_of
from flags.models import RecentContext, RecordedEvaluation, TrackedEvent
from flags.services.counts import count_evaluations
from flags.services.partitions import drop_partitions
from flags.services.records import Record, keep_records
from flags.services.refusals import write_what_can_be
from flags.usage.reports import Count
from flagsite.lib import clock


class Refused(NamedTuple):
    """What the database did not take of what was handed in."""

    records: int
    evaluations: int
    """Which are missing in the counts."""


@transaction.atomic
def record_evaluations(environment: Environment, records: Iterable[Record], counts: Sequence[Count]) -> Refused:
    """Keep what the server has decided and add to the counts: both or nothing, so that they agree.

    Of rows that the database refuses nothing is kept, of all others everything. The counts come last: other processes
    add to the same rows, and wait for who has begun.

    Whoever hands them in has let the person behind a server key in already; nothing else is asked.
    """
    records_refused = keep_records(environment, records, source=RecordedEvaluation.Source.SERVER)
    counts_refused = write_what_can_be(counts, partial(count_evaluations, environment))
    return Refused(records_refused, sum(each.count for each in counts_refused))


def forget_evaluations(*, older_than: timedelta) -> int:
    """Forget the days that are over since then; return how many rows were deleted one by one."""
    return drop_partitions(before=clock.now() - older_than)


@transaction.atomic
def forget_evaluations_of(project: Project, *, by: Actor, user_id: str | None = None) -> int:
    """Delete what is recorded of a project, or of one user in it under the id or its hash; return how many rows.

    Evaluations, events and recent contexts; counts name nobody.

    The audit log says that it was done, and not for whom.

    Raises:
        MissingRole: when the actor may not manage the project.
    """
    require(by, Ability.MANAGE, project)
    environments = list(project.environments.values_list("pk", flat=True))  # a join would have each day read whole
    rows = RecordedEvaluation.objects.filter(environment__in=environments)
    seen = RecentContext.objects.filter(environment__in=environments)
    events = TrackedEvent.objects.filter(environment__in=environments)
    if user_id is not None:
        ids = ids_of(user_id, salt=project.context_salt)
        rows, seen = rows.filter(context_id__in=ids), seen.filter(context_id__in=ids)
        events = events.filter(context_id__in=ids)
    gone = rows.delete()[0] + seen.delete()[0] + events.delete()[0]
    record(Action.UPDATE, project, by=by, project=project, new={"evaluations_forgotten": gone})
    return gone
