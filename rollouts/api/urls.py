"""Addresses of the rollouts app."""

from django.urls import path

from flagsite.lib import paths  # noqa: F401 - for its converter
from rollouts.api.views import RolloutView

urlpatterns = [path("flags/<key:key>/rollout", RolloutView.as_view())]
