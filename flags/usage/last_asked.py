"""When flags were last asked for, and which have outlived their use: reads for lists and the home page."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import orjson
from django.db.models import Exists, OuterRef, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from flags.documents import state_document
from flags.models import Flag, FlagState, FlagTag, LastEvaluation, Prerequisite
from flags.usage.counts import last_counted
from flags.usage.staleness import (
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


def last_seen(environment: int, flag_key: str) -> datetime | None:
    """Return when a flag was last asked for: to the minute as long as minutes are kept, then to the hour."""
    noted = LastEvaluation.objects.filter(environment=environment, flag_key=flag_key).values_list("at", flat=True)
    return max((at for at in (noted.first(), last_counted(environment, flag_key)) if at), default=None)


def stale_among(flags: Sequence[Flag], *, now: datetime) -> dict[int, Stale]:
    """Return why flags are stale, by their ids, in two queries; they were fetched by `flags.querysets.with_states`."""
    environments = {state.environment_id for flag in flags for state in flag.states.all()}
    asked = _last_asked(environments, {flag.key for flag in flags})
    watched = _watched(environments, now)
    found = {flag.pk: _stale(flag, asked, watched, now) for flag in flags}
    return {pk: stale for pk, stale in found.items() if stale}


def stale_in(flags: QuerySet[Flag], *, now: datetime) -> dict[int, Stale]:
    """Return which of the flags are stale, and why, by their ids, in six queries.

    There may be thousands: rows stay tuples, and only what is on is read closely.
    """
    permanent = FlagTag.objects.filter(flag=OuterRef("pk"), name__in=PERMANENT)
    shortest = now - timedelta(days=min(ROLLED_OUT_DAYS, NOT_ASKED_DAYS))
    old = FlagState.objects.filter(flag=OuterRef("pk"), updated_at__lte=shortest)
    flags = flags.filter(Exists(old)).exclude(Exists(permanent)).order_by()
    keys = dict(flags.values_list("pk", "key"))
    states = FlagState.objects.filter(flag__in=flags.values("pk"))
    served = _served_where_on(states)
    rows = list(
        states.order_by("flag", "environment__position", "environment__key").values_list(
            "pk", "flag", "environment", "environment__name", "enabled", "off_variation", "updated_at"
        )
    )
    environments = {environment for _, _, environment, *_ in rows}
    asked, watched = _last_asked(environments), _watched(environments, now)
    facts: dict[int, list[StateFacts]] = {}
    for pk, flag, environment, name, enabled, off, changed_at in rows:
        is_watched, at = environment in watched, asked.get((environment, keys[flag]))
        one = StateFacts(name, enabled, off, served.get(pk, frozenset({off})), changed_at, at, is_watched)
        facts.setdefault(flag, []).append(one)
    tags: dict[int, list[str]] = {}
    for flag, tag in FlagTag.objects.filter(flag__in=flags.values("pk")).values_list("flag", "name"):
        tags.setdefault(flag, []).append(tag)
    found = {flag: staleness(tags.get(flag, ()), each, now=now) for flag, each in facts.items()}
    return {flag: stale for flag, stale in found.items() if stale}


def _served_where_on(states: QuerySet[FlagState]) -> dict[int, frozenset[str]]:
    """Return by id of a state that is on what it may serve."""
    parts = {f"{name}_text": Cast(name, TextField()) for name in ("fallthrough", "targets", "rules")}
    required = Exists(Prerequisite.objects.filter(state=OuterRef("pk")))
    rows = states.filter(enabled=True).annotate(**parts, is_dependent=required).order_by()
    return {
        pk: served_at_all(
            {
                "enabled": True,
                "off_variation": off,
                "rollout_percentage": percentage,
                "fallthrough": orjson.loads(fallthrough),
                "targets": orjson.loads(targets),
                "rules": orjson.loads(rules),
                "prerequisites": is_dependent,
            }
        )
        for pk, off, percentage, fallthrough, targets, rules, is_dependent in rows.values_list(
            "pk", "off_variation", "rollout_percentage", *parts, "is_dependent"
        )
    }


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


def _last_asked(environments: Iterable[int], keys: Iterable[str] | None = None) -> Asked:
    rows = LastEvaluation.objects.filter(environment__in=environments)
    rows = rows if keys is None else rows.filter(flag_key__in=keys)
    return {(environment, key): at for environment, key, at in rows.values_list("environment", "flag_key", "at")}


def _watched(environments: Iterable[int], now: datetime) -> set[int]:
    rows = LastEvaluation.objects.filter(environment__in=environments, at__gt=now - timedelta(days=NOT_ASKED_DAYS))
    return set(rows.order_by().values_list("environment", flat=True).distinct())
