"""The lines that are logged of a request: what was asked for, and never with which words.

Questions carry ids and attributes of users in their query. Logs are kept longer and read by more people than what a
project lets us keep.
"""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLog(RequestMiddleware):
    """django-structlog's lines, with the names of the query's parameters and without their values."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the method, the path, and which parameters were given."""
        names = "&".join(f"{name}=…" for name in request.GET)
        return f"{request.method} {request.path}" + (f"?{names}" if names else "")
