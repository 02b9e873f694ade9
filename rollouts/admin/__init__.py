"""Pages of who is told what happens to ramps."""

from rollouts.admin import notices

__all__ = ["notices"]
