"""The only writers of the rollouts app. They change flags through the services of the flags app."""

from rollouts.services.checking import ask_prometheus, check_ramp, claim_checks, forget_checks
from rollouts.services.moving import advance_due
from rollouts.services.percentage import set_rollout_percentage
from rollouts.services.starting import approve_ramp, start_ramp
from rollouts.services.steering import (
    advance_ramp,
    change_ramp,
    pause_ramp,
    resume_ramp,
    roll_back_ramp,
    stop_ramp,
)
from rollouts.services.templates import delete_ramp_template, save_ramp_template

__all__ = [
    "advance_due",
    "advance_ramp",
    "approve_ramp",
    "ask_prometheus",
    "change_ramp",
    "check_ramp",
    "claim_checks",
    "delete_ramp_template",
    "forget_checks",
    "pause_ramp",
    "resume_ramp",
    "roll_back_ramp",
    "save_ramp_template",
    "set_rollout_percentage",
    "start_ramp",
    "stop_ramp",
]
