"""Writing a checked draft into its rows; called only by the other services, inside their transaction."""

from decimal import Decimal

from flagsite_sdk.engine.references import named_segments

from flags.drafts import Draft
from flags.models import Flag, Prerequisite, SegmentUse
from segments.models import Segment


def write_state(draft: Draft) -> None:
    """Write the state and the rows that keep what it names from being deleted."""
    state, document = draft.state, draft.new
    state.enabled = document["enabled"]
    state.salt = document["salt"]
    state.off_variation = document["off_variation"]
    state.fallthrough = document["fallthrough"]
    state.rollout_percentage = Decimal(str(document["rollout_percentage"]))
    state.targets = document["targets"]
    state.rules = document["rules"]
    is_new = state.pk is None
    if not is_new:
        state.version += 1
    state.save()
    if is_new or document["prerequisites"] != draft.old["prerequisites"]:
        _write_prerequisites(draft)
    if is_new or document["rules"] != draft.old["rules"]:
        _write_segment_uses(draft)


def _write_prerequisites(draft: Draft) -> None:
    state = draft.state
    wanted = [entry.flag for entry in draft.definition.prerequisites]
    flags = {flag.key: flag for flag in Flag.objects.filter(project_id=state.flag.project_id, key__in=wanted)}
    state.prerequisites.all().delete()
    Prerequisite.objects.bulk_create(
        Prerequisite(state=state, flag=flags[entry.flag], variation=entry.variation, position=position)
        for position, entry in enumerate(draft.definition.prerequisites)
    )


def _write_segment_uses(draft: Draft) -> None:
    named = Segment.objects.filter(project_id=draft.state.flag.project_id, key__in=named_segments(draft.definition))
    draft.state.segment_uses.all().delete()
    SegmentUse.objects.bulk_create(SegmentUse(state=draft.state, segment=segment) for segment in named)
