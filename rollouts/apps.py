"""The app of changes of flags over time."""

from django.apps import AppConfig


class RolloutsConfig(AppConfig):
    """What Django is told of the app."""

    name = "rollouts"
    verbose_name = "Rollouts"
