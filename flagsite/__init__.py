"""The Django project: settings, routes, processes, and `lib`, the leaf helpers that every app may use."""

from flagsite.celery import app as celery_app

__all__ = ["celery_app"]
