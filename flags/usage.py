"""When flags were last asked for, how often, and which have outlived their use: reads for lists and the home page."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncHour

from flags.documents import state_document
from flags.models import EvaluationCount, Flag, FlagState, FlagTag, LastEvaluation
from flags.querysets import with_states
from flags.staleness import (
    NOT_ASKED_DAYS,
    PERMANENT,
    ROLLED_OUT_DAYS,
    Stale,
    StateFacts,
    served_at_all,
    staleness,
)

Asked = dict[tuple[int, str], datetime]
"""When a flag was last asked for, by id of the environment and key of the flag."""


def with_last_evaluation(flags: QuerySet[Flag]) -> QuerySet[Flag]:
    """Return the flags with `asked_at`: when an SDK last asked for it in any environment, or None."""
    rows = LastEvaluation.objects.filter(environment__project=OuterRef("project"), flag_key=OuterRef("key"))
    return flags.annotate(asked_at=Subquery(rows.order_by("-at").values("at")[:1]))


def stale_among(flags: Sequence[Flag], *, now: datetime) -> dict[int, Stale]:
    """Return why flags are stale, by their ids, in two queries; they were fetched by `flags.querysets.with_states`."""
    environments = {state.environment_id for flag in flags for state in flag.states.all()}
    asked = _last_asked(environments, {flag.key for flag in flags})
    watched = _watched(environments, now)
    found = {flag.pk: _stale(flag, asked, watched, now) for flag in flags}
    return {pk: stale for pk, stale in found.items() if stale}


def perhaps_stale(flags: QuerySet[Flag], *, now: datetime) -> QuerySet[Flag]:
    """Return the flags that can be stale at all, with their states: not all were changed lately, none is to stay."""
    permanent = FlagTag.objects.filter(flag=OuterRef("pk"), name__in=PERMANENT)
    shortest = now - timedelta(days=min(ROLLED_OUT_DAYS, NOT_ASKED_DAYS))
    old = FlagState.objects.filter(flag=OuterRef("pk"), updated_at__lte=shortest)
    return with_states(flags.filter(Exists(old)).exclude(Exists(permanent)))


def evaluations_by_hour(environments: Collection[int], *, since: datetime) -> dict[tuple[int, datetime], int]:
    """Return how often flags were evaluated, by id of the environment and by hour, in one query."""
    rows = EvaluationCount.objects.filter(environment__in=environments, minute__gte=since).order_by()
    sums = rows.annotate(hour=TruncHour("minute")).values_list("environment", "hour").annotate(Sum("count"))
    return {(environment, hour): total for environment, hour, total in sums}


def _stale(flag: Flag, asked: Asked, watched: Collection[int], now: datetime) -> Stale | None:
    facts = [
        StateFacts(
            environment=state.environment.name,
            enabled=state.enabled,
            off_variation=state.off_variation,
            served=served_at_all(state_document(state)),
            changed_at=state.updated_at,
            asked_at=asked.get((state.environment_id, flag.key)),
            is_watched=state.environment_id in watched,
        )
        for state in flag.states.all()
    ]
    return staleness(flag.tag_names(), facts, now=now)


def _last_asked(environments: Iterable[int], keys: Iterable[str]) -> Asked:
    rows = LastEvaluation.objects.filter(environment__in=environments, flag_key__in=keys)
    return {(environment, key): at for environment, key, at in rows.values_list("environment", "flag_key", "at")}


def _watched(environments: Iterable[int], now: datetime) -> set[int]:
    rows = LastEvaluation.objects.filter(environment__in=environments, at__gt=now - timedelta(days=NOT_ASKED_DAYS))
    return set(rows.order_by().values_list("environment", flat=True).distinct())
