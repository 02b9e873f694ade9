"""The lines that are logged of a request: what was asked for, and never with which words.

Questions carry ids and attributes of users in their query. Logs are kept longer and read by more people than what a
project lets us keep.
"""

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from flagsite.lib.client_address import address_of


class RequestLog(RequestMiddleware):
    """django-structlog's lines, with the names of the query's parameters and without their values.

    The client's address is the one that the audit log has: django-structlog's own believes every header.
    """

    @classmethod
    def bind_ip(cls, request: HttpRequest) -> None:
        """Say who asks in all lines of this request."""
        structlog.contextvars.bind_contextvars(ip=address_of(request))

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the method, the path, and which parameters were given."""
        names = "&".join(f"{name}=…" for name in request.GET)
        return f"{request.method} {request.path}" + (f"?{names}" if names else "")
