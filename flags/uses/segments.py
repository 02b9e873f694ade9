"""Which flags name a segment, told to the segments app, which stands below and shows it."""

from flags.models import SegmentUse
from segments.models import Segment
from segments.uses import Use


def flags_using(segment: Segment) -> list[Use]:
    """Return a use for each flag and environment whose rules name the segment, in one query."""
    rows = SegmentUse.objects.filter(segment=segment).order_by(
        "state__flag__key", "state__environment__position", "state__environment__key"
    )
    found = rows.values_list("state__flag_id", "state__flag__key", "state__environment__name")
    return [Use("flags_flag", pk, key, "Flag", environment) for pk, key, environment in found]
