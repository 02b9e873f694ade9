"""Addresses of the rollouts app."""

from django.urls import path

from rollouts.api.views import RolloutView

urlpatterns = [path("flags/<str:key>/rollout", RolloutView.as_view())]
