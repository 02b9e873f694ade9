"""Who may not try to sign in for a while, and whether a sign-in by another road than a password may be tried at all.

Two limits: a name at an address (few failures), and an address whatever the names (many). Behind the address of an
office, or of a proxy that nobody named in `TRUSTED_PROXIES`, sit many people: an address over its limit is closed to
names that have never signed in from there, and stays open to those that have. So nobody locks a whole house out.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from auditlog.models import LogEntry
from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from accounts.audit import Entrance
from accounts.models import User
from accounts.sign_ins import attempted_name
from flagsite.lib import clock

AT_HOME_DAYS: Final = 90
"""For how long an address at which somebody signed in is known as theirs."""


class ByNameAndByAddress(AxesDatabaseHandler):
    """axes' handler, which counts by name and address, and the limit for an address beside it."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        """Tell whether the name, or the address for this name, is locked out."""
        if super().is_locked(request, credentials):
            return True
        address, name = request.axes_ip_address, attempted_name(credentials or {})
        if closed_until(address, since=get_cool_off_threshold(request)) is None:
            return False
        return not has_signed_in_from(address, name, since=clock.now() - timedelta(days=AT_HOME_DAYS))


def closed_until(address: str | None, *, since: datetime) -> datetime | None:
    """Return until when the address is closed to strangers; None when it is open.

    Args:
        address: of which the failures are counted; without one nothing is.
        since: failures before do not count any more.
    """
    most: int = settings.SIGN_IN_ADDRESS_LIMIT
    if not most or address is None:
        return None
    rows = AccessAttempt.objects.filter(ip_address=address, attempt_time__gte=since).order_by("attempt_time")
    failures = list(rows.values_list("attempt_time", "failures_since_start"))
    left = sum(count for _, count in failures)
    until = None
    for time, count in failures:
        if left < most:
            break
        until, left = time + settings.AXES_COOLOFF_TIME, left - count
    return until


def may_try(request: HttpRequest, name: str) -> bool:
    """Tell whether an attempt under the name is looked at; if not, axes' lock-out page becomes the answer."""
    credentials = {User.USERNAME_FIELD: name}
    if AxesProxyHandler.is_allowed(request, credentials):
        return True
    request.axes_locked_out = True  # type: ignore[attr-defined]  # axes' middleware reads them
    request.axes_credentials = credentials  # type: ignore[attr-defined]  # likewise
    return False


def count_failure(request: HttpRequest, name: str) -> None:
    """Count a failure under the name, and let it be written down, as one of a password is."""
    user_login_failed.send(__name__, credentials={User.USERNAME_FIELD: name}, request=request)


def failures_of(name: str, *, address: str | None, since: datetime) -> dict[datetime, int]:
    """Return how often the name failed to sign in from the address, by the time of the last failure in each browser."""
    rows = AccessAttempt.objects.filter(username=name, ip_address=address, attempt_time__gte=since)
    return dict(rows.values_list("attempt_time", "failures_since_start"))


def has_signed_in_from(address: str, name: str, *, since: datetime) -> bool:
    """Tell whether the person of this name has signed in from the address since then."""
    entries = LogEntry.objects.filter(action=LogEntry.Action.ACCESS, actor__username=name, timestamp__gte=since)
    return bool(entries.filter(remote_addr=address, additional_data__event=Entrance.SIGNED_IN.value).exists())
