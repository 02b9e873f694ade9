"""Where a segment is used. Flags stand above this app, so they hand in how their uses are found (`flags.apps`)."""

from collections.abc import Callable
from dataclasses import dataclass

from segments.models import Segment, SegmentUse


@dataclass(frozen=True)
class Use:
    """A row whose conditions name the segment; its page in the admin is `page` and its id."""

    page: str
    pk: int
    key: str
    kind: str
    environment: str = ""


Find = Callable[[Segment], list[Use]]

_found_above: list[Find] = []


def uses_found_by(find: Find) -> None:
    """Set how the uses of the app above are found."""
    _found_above[:] = [find]


def uses_of(segment: Segment) -> list[Use]:
    """Return everything that names the segment: other segments first, then what the app above has."""
    users = SegmentUse.objects.filter(used=segment).order_by("user__key").values_list("user_id", "user__key")
    own = [Use("segments_segment", pk, key, "Segment") for pk, key in users]
    return own + [use for find in _found_above for use in find(segment)]
