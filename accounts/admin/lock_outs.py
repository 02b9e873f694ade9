"""What somebody reads who failed to sign in too often: that they have to wait, and until when."""

from datetime import timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime

from accounts.querysets import last_failure
from accounts.sign_ins import name_tried
from flagsite.lib import clock
from flagsite.lib.client_address import address_of


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """Return 429 with the time from which on the name may be tried again from the address: axes' lock-out response."""
    name = name_tried(request, getattr(request, "axes_credentials", None))
    now = clock.now()
    wait: timedelta = settings.AXES_COOLOFF_TIME
    failed_at = last_failure(name, address=address_of(request))
    until = (failed_at or now) + wait
    seconds = max(1, ceil((until - now).total_seconds()))
    context = {"name": name, "until": localtime(until), "minutes": ceil(seconds / 60)}
    answer = render(request, "429.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
