"""Keeping the evaluations that SDKs have recorded: those that can be true, once, as the project lets us keep them."""

from collections.abc import Sequence
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Max

from accounts.models import Environment, Project
from flags import metrics
from flags.answers import Decided
from flags.contexts import kept_of, stored_id
from flags.models import Flag, RecordedEvaluation, RevisionItem
from flags.services.records import Record, keep_records
from flags.usage.clocks import Clocks
from flags.usage.possible import Judgement, Known
from flags.usage.quotas import may_be_counted
from flags.usage.reports import Evaluation

log = structlog.get_logger(__name__)


def keep_sdk_records(environment: Environment, entries: Sequence[Evaluation], *, batch: UUID, clocks: Clocks) -> None:
    """Keep what SDKs have recorded; what is left out of it is counted and logged.

    Whoever hands it in has let the person behind the server key in already, and calls this once for a batch.
    """
    if not (settings.RECORD_EVALUATIONS and entries):
        return
    known = _known(environment, entries)
    judged = [(entry, known.judge(entry)) for entry in entries]
    good = [entry for entry, judgement in judged if _is_kept(environment, entry, judgement)]
    records = [_record_of(entry, environment.project, clocks) for entry in good]
    refused = keep_records(environment, records, source=RecordedEvaluation.Source.SDK, batch=batch)
    impossible = sum(judgement is Judgement.IMPOSSIBLE for _, judgement in judged)
    for reason, number in {
        "refused": refused,
        "impossible": impossible,
        "unknown_flags": len(entries) - len(good) - impossible,
    }.items():
        if number:
            metrics.dropped(reason, number)
            log.warning("sdk_records_not_kept", environment=environment.pk, reason=reason, number=number)


def _known(environment: Environment, entries: Sequence[Evaluation]) -> Known:
    flags = Flag.objects.filter(project=environment.project_id, key__in={entry.flag for entry in entries})
    variations = {
        key: frozenset(variation["key"] for variation in there) for key, there in flags.values_list("key", "variations")
    }
    now = Known(environment.revision, variations, {})
    if all(now.judge(entry) is Judgement.POSSIBLE for entry in entries):
        return now
    # read anew: whoever reports often is known without asking the database
    head = Environment.objects.values_list("revision", flat=True).get(pk=environment.pk)
    odd = {entry.flag for entry in entries if not now.has(entry)}
    items = RevisionItem.objects.filter(environment=environment, kind=RevisionItem.Kind.FLAG, key__in=odd)
    changed = dict(items.order_by("key").values("key").annotate(last=Max("number")).values_list("key", "last"))
    return Known(head, variations, changed)


def _is_kept(environment: Environment, entry: Evaluation, judgement: Judgement) -> bool:
    if judgement is Judgement.OF_NO_FLAG:
        return may_be_counted(environment.pk, entry.flag)
    return judgement is Judgement.POSSIBLE


def _record_of(entry: Evaluation, project: Project, clocks: Clocks) -> Record:
    """Return an SDK's evaluation as it is kept."""
    why = (entry.reason, entry.rule or "", entry.error_code or "", entry.revision)
    return Record(
        context_id=stored_id(entry.context_id, salt=project.context_salt, hashed=project.hash_context_ids),
        time=clocks.set_right(entry.time),
        attributes=kept_of(entry.attributes, project.recorded_attributes),
        decided=(Decided(entry.flag, entry.variation or "", *why),),
    )
