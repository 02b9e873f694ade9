"""Which SDKs are there, by version, and which of them lag behind: reads of what their reports and streams showed.

Who is there is heard of all the time: on the stream every `STREAM_PRESENCE_SECONDS`, while it polls at each poll
(flags/recording/pollers.py), and with each report. So silence for longer than `HEARD_LATELY` means that a process has
ended or lost its way here. What it lacks says nothing then, and is not told.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Max, Q

from accounts.models import Environment
from flags.models import Revision, SdkInstance

HEARD_LATELY: Final = timedelta(minutes=2)
"""Who was heard of within this time is there: a poll and its being written down take about a minute at most."""


@dataclass(frozen=True)
class Sdks:
    """The SDKs of one version that were heard of within the last day."""

    name: str
    version: str
    number: int
    """How many are there."""
    behind: int
    """How many of them lacked a revision when they were last heard of."""
    most: int
    """How many revisions the one furthest behind lacked."""
    silent: int
    """How many of them do not say by which revision they decide."""
    reported_at: datetime | None
    """When one of those that are there was last heard of."""
    gone: int
    """How many are not there any more."""
    gone_at: datetime | None
    """When the last of these was heard of."""


def sdks_of(environment: Environment, *, now: datetime, most: int) -> list[Sdks]:
    """Return the SDKs by version, those heard of last first, in three queries."""
    since = now - HEARD_LATELY
    is_there = Q(reported_at__gte=since)
    by_version = SdkInstance.objects.filter(environment=environment).values_list("name", "version")
    rows = by_version.annotate(
        number=Count("pk", filter=is_there),
        silent=Count("pk", filter=is_there & Q(revision=None)),
        there_at=Max("reported_at", filter=is_there),
        gone=Count("pk", filter=~is_there),
        gone_at=Max("reported_at", filter=~is_there),
        last=Max("reported_at"),
    ).order_by("-last", "name", "version")
    lags = _lags(environment, since)
    return [
        Sdks(
            name=name,
            version=version,
            number=number,
            behind=lags[name, version].total(),
            most=max(lags[name, version], default=0),
            silent=silent,
            reported_at=there_at,
            gone=gone,
            gone_at=gone_at,
        )
        for name, version, number, silent, there_at, gone, gone_at, _ in rows[:most]
    ]


def _lags(environment: Environment, since: datetime) -> defaultdict[tuple[str, str], Counter[int]]:
    """Return by name and version how many SDKs lacked how many revisions that there were when they were heard of."""
    made = Revision.objects.filter(environment=environment, number__lte=environment.revision, created_at__gt=since)
    moments = sorted(made.values_list("created_at", flat=True))
    rows = SdkInstance.objects.filter(
        environment=environment, reported_at__gte=since, revision__lt=environment.revision
    )
    lags: defaultdict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    for name, version, revision, heard_at in rows.values_list("name", "version", "revision", "reported_at"):
        made_later = len(moments) - bisect_right(moments, heard_at)
        lacking = environment.revision - made_later - (revision or 0)
        if lacking > 0:
            lags[name, version][lacking] += 1
    return lags
