"""What people are told by e-mail, where an installation can send any."""

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import Invitation

log = structlog.get_logger(__name__)


def can_send() -> bool:
    """Tell whether the installation knows a mail server."""
    return bool(settings.EMAIL_HOST)


def send_invitation(invitation: Invitation, *, link: str) -> bool:
    """Send the link to the invited address, and tell whether the mail server took it."""
    about = {"invitation": invitation, "link": link, "roles": invitation.roles.select_related("project")}
    text = render_to_string("accounts/mail/invitation.txt", about)
    try:
        send_mail(f"{invitation.invited_by} invites you to Flagsite", text, None, [invitation.email])
    except OSError as error:  # what smtplib raises, too
        log.warning("mail_not_sent", reason=repr(error))
        return False
    return True
