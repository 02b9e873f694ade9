"""The only writers of segments and of uploads that wait to be confirmed."""

from segments.services.segments import SegmentFields, create_segment, delete_segment, update_segment
from segments.services.uploads import confirm_upload, keep_upload

__all__ = [
    "SegmentFields",
    "confirm_upload",
    "create_segment",
    "delete_segment",
    "keep_upload",
    "update_segment",
]
