"""Those who watch a process ask it by whatever name it has.

Docker, Kubernetes and Fly ask a machine by its address, and Prometheus by its name in the private network. None of
these is in `ALLOWED_HOSTS`, which is for the names that people and SDKs use.
"""

from typing import Any, Final

from django.http import HttpRequest
from django.middleware.common import CommonMiddleware

PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class HostCheck(CommonMiddleware):
    """Django's, which refuses hosts that are not ours; it does nothing else here that a probe would miss."""

    def process_request(self, request: HttpRequest) -> Any:
        """Let probes pass; refuse other requests to hosts that are not ours."""
        return None if request.path in PROBES else super().process_request(request)
