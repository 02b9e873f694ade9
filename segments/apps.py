"""The app of named audiences."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """What Django is told of the app."""

    name = "segments"
    verbose_name = "Audiences"  # the model is called segments already
