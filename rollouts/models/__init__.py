"""Ramps, their steps and guardrails, and what happened to them."""

from rollouts.models.guardrail import Check, Guardrail, Verdict
from rollouts.models.occurrence import Occurrence
from rollouts.models.ramp import MAX_STEPS, Ramp, Step
from rollouts.models.template import RampTemplate

__all__ = ["MAX_STEPS", "Check", "Guardrail", "Occurrence", "Ramp", "RampTemplate", "Step", "Verdict"]
