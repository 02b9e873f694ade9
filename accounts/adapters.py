"""What django-allauth asks an installation, and what ours answers.

allauth knows how to ask for a second factor and how to speak with an OpenID provider. Nobody signs up, nobody manages
addresses. What it asks about OpenID Connect is answered in `accounts.admin.openid_connect`.
"""

import base64
import secrets
import time
from typing import Any, Final

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from flagsite.lib.client_address import address_of
from flagsite.lib.vault import Sealed, seal, unseal

log = structlog.get_logger(__name__)

NOWHERE: Final = "0.0.0.0"  # noqa: S104 - no address to listen on: what stands for a client without one


class AccountAdapter(DefaultAccountAdapter):
    """People as allauth sees them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        del request
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address as lock-outs and the audit log know it."""
        return address_of(request) or NOWHERE

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again for a proof, unless one was given a moment ago."""
        proofs = get_authentication_records(context.request, context.request.user)
        age = time.time() - max((proof["at"] for proof in proofs), default=0)
        if age < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: what of them is secret is stored sealed."""

    def encrypt(self, text: str) -> str:
        """Seal a secret for the database."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a secret from the database; one that no code matches when SECRET_KEY is another one now."""
        try:
            return unseal(encrypted_text)
        except Sealed:
            log.exception("second_factor_unreadable", hint="SECRET_KEY has changed: manage.py remove_second_factor")
            return base64.b32encode(secrets.token_bytes(20)).decode()
