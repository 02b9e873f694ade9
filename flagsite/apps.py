"""The project as an app: it holds the commands that concern the whole installation."""

from django.apps import AppConfig


class FlagsiteConfig(AppConfig):
    """What Django is told of the project."""

    name = "flagsite"
    verbose_name = "Flagsite"
