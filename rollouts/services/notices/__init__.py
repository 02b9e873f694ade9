"""The only writers of who is told what happens to ramps, and of what came of telling them."""

from rollouts.services.notices.asking import send_again, send_test
from rollouts.services.notices.keeping import forget_deliveries, reseal_secrets
from rollouts.services.notices.mails import MailNoticeFields, create_mail_notice, delete_mail_notice, update_mail_notice
from rollouts.services.notices.rounds import send_due
from rollouts.services.notices.telling import notify
from rollouts.services.notices.webhooks import (
    MAX_OVERLAP_HOURS,
    OVERLAP_HOURS,
    WebhookFields,
    create_webhook,
    delete_webhook,
    rotate_webhook,
    update_webhook,
)

__all__ = [
    "MAX_OVERLAP_HOURS",
    "OVERLAP_HOURS",
    "MailNoticeFields",
    "WebhookFields",
    "create_mail_notice",
    "create_webhook",
    "delete_mail_notice",
    "delete_webhook",
    "forget_deliveries",
    "notify",
    "reseal_secrets",
    "rotate_webhook",
    "send_again",
    "send_due",
    "send_test",
    "update_mail_notice",
    "update_webhook",
]
