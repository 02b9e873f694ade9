"""The project as an app: it holds the commands that concern the whole installation."""

from django.apps import AppConfig


class FlagsiteConfig(AppConfig):
    name = "flagsite"
    verbose_name = "Flagsite"
