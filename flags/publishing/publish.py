"""The last stretch of every change's road: append a revision, then wake whoever waits for it.

The revision is written in the transaction of the change, under the lock on the environment's row, so numbers have no
gaps and no revision exists without its change. The notification says only "environment 7 is at 42"; a reader that
misses it finds out by itself (flags/stream/hub.py), so losing it costs time, never a change.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Environment
from flags import metrics
from flags.chain.digests import GENESIS, digest_of
from flags.models import Revision, RevisionItem
from flags.publishing.clearances import require_clearance
from flags.publishing.notifications import announce
from flags.querysets import digest_numbered
from flags.traces import describe_change
from flagsite.lib import clock, tracing
from flagsite.lib.canonical import canonical
from flagsite.lib.prepared import Insert, Update

_REVISION: Final = Insert(Revision)
_ITEM: Final = Insert(RevisionItem)
_NUMBER: Final = Update(Environment, ["revision"])

Items = Mapping[str, dict[str, Any] | None]
"""Flags or segments by key: the whole new document, or None for what is gone."""


@dataclass(frozen=True)
class Change:
    """What is new in one environment, whose row the caller has locked in this transaction.

    `is_idle`: it decides nothing yet, as a new flag that is off, and so needs no clearance.
    """

    environment: Environment
    flags: Items = field(default_factory=dict)
    segments: Items = field(default_factory=dict)
    is_idle: bool = False


def publish(changes: Sequence[Change], *, by: Actor, comment: str) -> None:
    """Append a revision to each environment that has a change, and announce them when the transaction commits.

    Raises:
        ApprovalRequired: when an environment asks for a second person, and nobody has approved this.
        InvalidInput: at `comment`, when an environment is protected and there is none.
    """
    began = time.perf_counter()
    with tracing.span("flagsite.publish") as span:
        for change in changes:
            if not change.is_idle:
                require_clearance(change.environment, by=by, comment=comment)
            _append(change, by=by, comment=comment)
        describe_change(
            span,
            [change.environment for change in changes],
            flags=[key for change in changes for key in change.flags],
            segments=[key for change in changes for key in change.segments],
            by=by,
        )
    heads = {change.environment.pk: change.environment.revision for change in changes}
    if heads:
        places = [metrics.Place.of(change.environment) for change in changes]
        transaction.on_commit(partial(_announce, heads, places, began), robust=True)


def _announce(heads: Mapping[int, int], places: Sequence[metrics.Place], began: float) -> None:
    announce(heads)
    metrics.published(places)
    metrics.announced(time.perf_counter() - began)


def publish_segments(*, environments: Sequence[Environment], segments: Items, by: Actor, comment: str) -> None:
    """Append the same change of segments to each environment: the road of the segments app.

    A segment that was not there before is idle: no flag can name it yet.
    """
    known = RevisionItem.objects.filter(
        environment__in=environments, kind=RevisionItem.Kind.SEGMENT, key__in=list(segments)
    )
    is_idle = not known.exists()
    changes = [Change(environment, segments=segments, is_idle=is_idle) for environment in environments]
    publish(changes, by=by, comment=comment)


def _append(change: Change, *, by: Actor, comment: str) -> None:
    environment = change.environment
    since, number = environment.revision, environment.revision + 1
    delta = canonical(
        {"since": since, "revision": number, "flags": change.flags, "segments": change.segments},
    ).decode()
    created_at = clock.now()
    revision = Revision(
        environment=environment,
        number=number,
        delta=delta,
        digest=digest_of(
            previous=digest_numbered(since, environment=environment.pk) or GENESIS,
            environment=environment.pk,
            number=number,
            delta=delta,
            actor_label=by.label,
            source=by.source.value,
            comment=comment,
            created_at=created_at,
            approved_by=by.clearance.approved_by,
            is_emergency=by.clearance.is_emergency,
        ),
        actor=by.user,
        actor_label=by.label,
        source=by.source.value,
        comment=comment,
        created_at=created_at,
        change_request_id=by.clearance.change_request,
        approved_by=by.clearance.approved_by,
        is_emergency=by.clearance.is_emergency,
    )
    _REVISION.put(revision)
    for kind, items in ((RevisionItem.Kind.FLAG, change.flags), (RevisionItem.Kind.SEGMENT, change.segments)):
        for key in items:
            _ITEM.put(RevisionItem(revision=revision, environment=environment, number=number, kind=kind, key=key))
    environment.revision = number
    _NUMBER.put(environment)
