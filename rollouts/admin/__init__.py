"""Pages for ramps: the list, a ramp's own, the form of one, templates; and who is told what happens to them."""

from rollouts.admin import notices, ramp_templates, ramps

__all__ = ["notices", "ramp_templates", "ramps"]
