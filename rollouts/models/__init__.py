"""Ramps, their steps and guardrails, what happened to them, and who is told."""

from rollouts.models.guardrail import Check, Guardrail, Verdict
from rollouts.models.notice import MAX_ADDRESS, Attempt, Delivery, MailNotice, Webhook
from rollouts.models.occurrence import Occurrence
from rollouts.models.ramp import MAX_STEPS, Ramp, Step
from rollouts.models.template import RampTemplate

__all__ = [
    "MAX_ADDRESS",
    "MAX_STEPS",
    "Attempt",
    "Check",
    "Delivery",
    "Guardrail",
    "MailNotice",
    "Occurrence",
    "Ramp",
    "RampTemplate",
    "Step",
    "Verdict",
    "Webhook",
]
