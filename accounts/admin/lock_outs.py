"""What somebody reads who may not try to sign in: that they, or all at their address, have to wait, and until when."""

from math import ceil
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localtime

from accounts.lock_outs import closed_until, failures_of
from accounts.sign_ins import name_tried
from flagsite.lib import clock
from flagsite.lib.client_address import address_of


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """Return 429 with the time from which on one may try again: axes' lock-out response."""
    name = name_tried(request, getattr(request, "axes_credentials", None))
    address, now = address_of(request), clock.now()
    began = now - settings.AXES_COOLOFF_TIME
    by_name = failures_of(name, address=address, since=began)
    is_name = sum(by_name.values()) >= settings.AXES_FAILURE_LIMIT
    until = max(by_name) + settings.AXES_COOLOFF_TIME if is_name else closed_until(address, since=began) or now
    seconds = max(1, ceil((until - now).total_seconds()))
    context = {
        "name": name,
        "is_name": is_name,
        "until": localtime(until),
        "minutes": ceil(seconds / 60),
    }
    answer = render(request, "429.html", context, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
