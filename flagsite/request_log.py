"""The line that is logged of a request, with its answer: what was asked for, and never with which words.

Questions carry ids and attributes of users in their query. Logs are kept longer and read by more people than what a
project lets us keep.
"""

from uuid import uuid4

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware
from structlog.contextvars import bind_contextvars

from flagsite.lib.client_address import address_of


class RequestLog(RequestMiddleware):
    """django-structlog's line of a request that is finished, with the names of the query's parameters alone.

    The client's address is the one that the audit log has: django-structlog's own believes every header. There is no
    line of its own for a request that begins: what goes wrong meanwhile says which request it was.
    """

    def prepare(self, request: HttpRequest) -> None:
        """Say in all lines of this request which one it is and who asks."""
        bind_contextvars(request_id=str(uuid4()), ip=address_of(request))

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the method, the path, and which parameters were given."""
        names = "&".join(f"{name}=…" for name in request.GET)
        return f"{request.method} {request.path}" + (f"?{names}" if names else "")
