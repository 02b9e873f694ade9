"""The only writers of the rollouts app. They change flags through the services of the flags app."""

from rollouts.services.percentage import set_rollout_percentage

__all__ = ["set_rollout_percentage"]
