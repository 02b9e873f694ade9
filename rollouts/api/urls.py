"""Addresses of the rollouts app."""

from django.urls import path

from flagsite.lib import paths  # noqa: F401 - for its converter
from rollouts.api import mail_notices, ramps, webhooks
from rollouts.api.views import RolloutView

urlpatterns = [
    path("flags/<key:key>/rollout", RolloutView.as_view()),
    path("flags/<key:key>/ramp", ramps.RampView.as_view()),
    path("flags/<key:key>/ramp/pause", ramps.PauseView.as_view()),
    path("flags/<key:key>/ramp/resume", ramps.ResumeView.as_view()),
    path("flags/<key:key>/ramp/advance", ramps.AdvanceView.as_view()),
    path("flags/<key:key>/ramp/rollback", ramps.RollbackView.as_view()),
    path("flags/<key:key>/ramp/approve", ramps.ApproveView.as_view()),
    path("flags/<key:key>/ramp/checks", ramps.ChecksView.as_view()),
    path("ramp-templates", ramps.RampTemplatesView.as_view()),
    path("ramp-templates/<key:key>", ramps.RampTemplateView.as_view()),
    path("webhooks", webhooks.WebhookListView.as_view()),
    path("webhooks/<int:webhook>", webhooks.WebhookView.as_view()),
    path("webhooks/<int:webhook>/rotate", webhooks.WebhookRotateView.as_view()),
    path("webhooks/<int:webhook>/test", webhooks.WebhookTestView.as_view()),
    path("webhooks/<int:webhook>/deliveries", webhooks.DeliveryListView.as_view()),
    path("mail-notices", mail_notices.MailNoticeListView.as_view()),
    path("mail-notices/<int:mail_notice>", mail_notices.MailNoticeView.as_view()),
    path("mail-notices/<int:mail_notice>/test", mail_notices.MailNoticeTestView.as_view()),
    path("mail-notices/<int:mail_notice>/deliveries", mail_notices.MailDeliveryListView.as_view()),
    path("deliveries/<uuid:delivery>/send-again", webhooks.SendAgainView.as_view()),
]
