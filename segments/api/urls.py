"""Addresses of the segments app."""

from django.urls import path

from segments.api import views

urlpatterns = [
    path("segments", views.SegmentListView.as_view()),
    path("segments/<str:key>", views.SegmentView.as_view()),
]
