"""Addresses of the flags app."""

from django.urls import path

from flags.api import environments, ofrep, recorded, sdk, views
from flags.api.change_requests import views as change_requests
from flagsite.lib import paths  # noqa: F401 - for its converter

urlpatterns = [
    path("flags", views.FlagListView.as_view()),
    path("flags/<key:key>", views.FlagView.as_view()),
    path("flags/<key:key>/audit", views.FlagAuditView.as_view()),
    path("flags/<key:key>/evaluations", recorded.FlagEvaluationsView.as_view()),
    path("flags/<key:key>/history", views.FlagHistoryView.as_view()),
    path("flags/<key:key>/restore", views.FlagRestoreView.as_view()),
    path("flags/<key:key>/recreate", views.FlagRecreateView.as_view()),
    path("flags/<key:key>/turn-off", views.FlagTurnOffView.as_view()),
    path("segments/<key:key>/history", views.SegmentHistoryView.as_view()),
    path("change-requests", change_requests.ChangeRequestListView.as_view()),
    path("change-requests/<int:change_request>", change_requests.ChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/effects", change_requests.ChangeRequestEffectsView.as_view()),
    path("change-requests/<int:change_request>/approve", change_requests.ApproveChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/publish", change_requests.PublishChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/schedule", change_requests.ScheduleChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/unschedule", change_requests.UnscheduleChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/merge", change_requests.MergeChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/decline", change_requests.DeclineChangeRequestView.as_view()),
    path("change-requests/<int:change_request>/withdraw", change_requests.WithdrawChangeRequestView.as_view()),
    path("environments", environments.EnvironmentListView.as_view()),
    path("environments/<key:environment>", environments.EnvironmentView.as_view()),
    path("evaluate", sdk.EvaluateView.as_view()),
    path("sdk/config", sdk.ConfigView.as_view()),
    path("sdk/events", sdk.EventsView.as_view()),
    path("ofrep/v1/evaluate/flags", ofrep.OfrepFlagsView.as_view()),
    path("ofrep/v1/evaluate/flags/<key:key>", ofrep.OfrepFlagView.as_view()),
]
