"""Keeping who was seen lately: only what the project lets us keep, and only so many."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Environment
from flags.contexts import is_kept, listed
from flags.limits import MAX_RECENT_CONTEXTS
from flags.models import RecentContext
from flagsite.lib import clock

Seen = Mapping[str, tuple[Mapping[str, Any], datetime]]
"""By id: the attributes by their paths, and when the context was seen."""

_AT_ONCE = 500


@transaction.atomic
def note_contexts(environment: Environment, seen: Seen) -> int:
    """Keep contexts as they were seen last, and drop the oldest past the limit; return how many were kept.

    Of each, its id and those attributes that the project lists now; none at all where ids are kept only as hashes,
    for no flag could be decided for a hash. Whoever hands them in has let the person behind a server key in already;
    nothing else is asked.
    """
    if environment.project.hash_context_ids:
        return 0
    paths = environment.project.recorded_attributes
    rows = [
        RecentContext(
            environment=environment,
            context_id=key,
            attributes=listed(attributes, paths),
            seen_at=seen_at,
        )
        for key, (attributes, seen_at) in sorted(seen.items())  # in one order for everybody: nobody waits in a circle
        if is_kept(key)
    ]
    RecentContext.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["environment", "context_id"],
        update_fields=["attributes", "seen_at"],
        batch_size=_AT_ONCE,
    )
    _drop_the_oldest(environment)
    return len(rows)


def _drop_the_oldest(environment: Environment) -> None:
    newest_first = RecentContext.objects.filter(environment=environment).order_by("-seen_at", "-pk")
    surplus = list(newest_first.values_list("pk", flat=True)[MAX_RECENT_CONTEXTS:])
    if surplus:
        RecentContext.objects.filter(pk__in=surplus).delete()


@transaction.atomic
def forget_contexts(*, older_than: timedelta) -> int:
    """Delete contexts not seen since then, and whatever their projects no longer let us keep; return how many rows."""
    gone, _ = RecentContext.objects.filter(seen_at__lt=clock.now() - older_than).delete()
    gone += RecentContext.objects.filter(environment__project__hash_context_ids=True).delete()[0]
    return gone + sum(map(_strip, Environment.objects.select_related("project")))


def _strip(environment: Environment) -> int:
    """Take from the contexts of an environment what may no longer be kept."""
    listed = set(environment.project.recorded_attributes)
    rows = RecentContext.objects.filter(environment=environment).order_by().exclude(attributes={})
    changed = []
    for row in rows.iterator(chunk_size=_AT_ONCE):
        kept = {path: value for path, value in row.attributes.items() if path in listed}
        if kept != row.attributes:
            row.attributes = kept
            changed.append(row)
    RecentContext.objects.bulk_update(changed, ["attributes"], batch_size=_AT_ONCE)
    return len(changed)
