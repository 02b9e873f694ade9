"""Pages for ramps: the list, a ramp's own, the form on which one is written; and who is told what happens to them."""

from rollouts.admin import notices, ramps

__all__ = ["notices", "ramps"]
