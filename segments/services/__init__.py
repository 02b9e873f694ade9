"""The only writers of segments and of uploads that wait to be confirmed."""

from segments.services.segments import SegmentFields, create_segment, delete_segment, update_segment
from segments.services.uploads import keep_upload, take_upload

__all__ = [
    "SegmentFields",
    "create_segment",
    "delete_segment",
    "keep_upload",
    "take_upload",
    "update_segment",
]
