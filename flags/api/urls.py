"""Addresses of the flags app."""

from django.urls import path

from flags.api import ofrep, sdk, views

urlpatterns = [
    path("flags", views.FlagListView.as_view()),
    path("flags/<str:key>", views.FlagView.as_view()),
    path("flags/<str:key>/audit", views.FlagAuditView.as_view()),
    path("flags/<str:key>/history", views.FlagHistoryView.as_view()),
    path("flags/<str:key>/restore", views.FlagRestoreView.as_view()),
    path("evaluate", sdk.EvaluateView.as_view()),
    path("sdk/config", sdk.ConfigView.as_view()),
    path("sdk/events", sdk.EventsView.as_view()),
    path("ofrep/v1/evaluate/flags", ofrep.OfrepFlagsView.as_view()),
    path("ofrep/v1/evaluate/flags/<str:key>", ofrep.OfrepFlagView.as_view()),
]
