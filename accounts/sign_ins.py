"""Every sign-in, sign-out and failed sign-in into the audit log: who, when, from which address; never the password.

Django tells of these by signals only, so this is the one place where something hangs on a signal. The receivers run
within the request: who cannot be written down is not let in.

django-axes counts the failures by name and address and locks out. Of a lock-out the beginning is written down; what is
tried during it is refused without a look at the password, and leaves no entry: whoever goes on trying cannot fill the
log.
"""

from typing import Any, Final

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

from accounts.audit import Entrance, record_entrance
from accounts.models import User
from flagsite.lib.client_address import address_of

MAX_ATTEMPTED_NAME: Final = 150
"""Characters of an attempted name that the log keeps: as many as a person's name can have."""

PROOFS: Final = {"totp": "authenticator app", "recovery_codes": "recovery code", "socialaccount": "OpenID Connect"}
"""By what people prove who they are, where allauth calls it otherwise."""


def connect() -> None:
    """Listen to Django's signals; called once, when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.sign_ins")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.sign_ins")
    user_login_failed.connect(_failed, dispatch_uid="accounts.sign_ins")
    from axes.signals import user_locked_out  # the import connects what counts: a failure stands before its lock-out

    user_locked_out.connect(_locked_out, dispatch_uid="accounts.sign_ins")


def _signed_in(*, request: HttpRequest | None, user: User, **_: Any) -> None:
    proofs = _proofs(request, user) if request is not None else ()
    record_entrance(Entrance.SIGNED_IN, name=user.get_username(), user=user, address=_address(request), proofs=proofs)


def _proofs(request: HttpRequest, user: User) -> tuple[str, ...]:
    """Return by what the person has proved who they are, in order."""
    from allauth.account.internal.flows.login import get_authentication_records  # wants the apps to be ready

    given = (proof.get("type") or proof["method"] for proof in get_authentication_records(request, user))
    return tuple(dict.fromkeys(PROOFS.get(name, name) for name in given))


def _signed_out(*, request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:  # nobody was signed in
        record_entrance(Entrance.SIGNED_OUT, name=user.get_username(), user=user, address=_address(request))


def _failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    if not _was_locked_out(request):
        _record(Entrance.FAILED, credentials=credentials, request=request)


def _locked_out(*, request: HttpRequest, username: str, **_: Any) -> None:
    if not _was_locked_out(request):
        _record(Entrance.LOCKED_OUT, credentials={User.USERNAME_FIELD: username}, request=request)


def _was_locked_out(request: HttpRequest | None) -> bool:
    """Tell whether axes refused the attempt unread; it counts the failures only of one that it let through."""
    return getattr(request, "axes_locked_out", False) and getattr(request, "axes_failures_since_start", None) is None


def _record(entrance: Entrance, *, credentials: dict[str, Any], request: HttpRequest | None) -> None:
    attempted = attempted_name(credentials)
    user = User.objects.filter(username=attempted).first()
    record_entrance(entrance, name=attempted, user=user, address=_address(request))


def name_tried(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Return the name under which axes counts a failure."""
    return attempted_name(credentials or {User.USERNAME_FIELD: request.POST.get(User.USERNAME_FIELD)})


def attempted_name(credentials: dict[str, Any]) -> str:
    """Return the name that was tried, as it can be stored and shown: bounded, without characters that are not seen."""
    tried = str(credentials.get(User.USERNAME_FIELD) or "")[:MAX_ATTEMPTED_NAME]
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in tried)


def _address(request: HttpRequest | None) -> str | None:
    return address_of(request) if request is not None else None
