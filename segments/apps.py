"""The app of named audiences."""

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """What Django is told of the app."""

    name = "segments"
    verbose_name = "Segments"
