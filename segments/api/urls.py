"""Addresses of the segments app."""

from django.urls import path

from flagsite.lib import paths  # noqa: F401 - for its converter
from segments.api import views

urlpatterns = [
    path("segments", views.SegmentListView.as_view()),
    path("segments/<key:key>", views.SegmentView.as_view()),
]
