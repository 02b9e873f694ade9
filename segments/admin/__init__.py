"""Pages of segments: the segment itself, its ids, and uploads of ids."""

from segments.admin import segments

__all__ = ["segments"]
