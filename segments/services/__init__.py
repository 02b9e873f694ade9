"""The only writers of segments and of uploads that wait to be confirmed."""

from segments.services.segments import SegmentFields, create_segment, delete_segment, update_segment

__all__ = ["SegmentFields", "create_segment", "delete_segment", "update_segment"]
