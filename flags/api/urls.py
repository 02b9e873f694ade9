"""Addresses of the flags app."""

from django.urls import path

from flags.api import ofrep, recorded, sdk, views
from flagsite.lib import paths  # noqa: F401 - for its converter

urlpatterns = [
    path("flags", views.FlagListView.as_view()),
    path("flags/<key:key>", views.FlagView.as_view()),
    path("flags/<key:key>/audit", views.FlagAuditView.as_view()),
    path("flags/<key:key>/evaluations", recorded.FlagEvaluationsView.as_view()),
    path("flags/<key:key>/history", views.FlagHistoryView.as_view()),
    path("flags/<key:key>/restore", views.FlagRestoreView.as_view()),
    path("flags/<key:key>/turn-off", views.FlagTurnOffView.as_view()),
    path("evaluate", sdk.EvaluateView.as_view()),
    path("sdk/config", sdk.ConfigView.as_view()),
    path("sdk/events", sdk.EventsView.as_view()),
    path("ofrep/v1/evaluate/flags", ofrep.OfrepFlagsView.as_view()),
    path("ofrep/v1/evaluate/flags/<key:key>", ofrep.OfrepFlagView.as_view()),
]
