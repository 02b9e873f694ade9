"""`/metrics`: what this process has counted or, in multi-process mode, all processes of its service together.

Web and stream processes answer it themselves; a Celery worker has no HTTP of its own and listens on a port
(`WORKER_METRICS_PORT`). What stands in the broker is looked up when it is asked for.
"""

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from flagsite.metric_files import forget_the_dead
from flagsite.queues import QueueLength

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody asks for


FORWARDED: Final = ("X-Forwarded-For", "Forwarded")
"""A proxy adds one of them: what it hands on comes from outside."""


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, which asks each process itself. They name projects and flags: no proxy gets them."""
    if any(header in request.headers for header in FORWARDED):
        raise Http404
    return HttpResponse(generate_latest(registry()), content_type=CONTENT_TYPE_LATEST)


class Everything(Collector):
    """All that there is to say now; found out anew for each scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of this service and of the broker."""
        if settings.METRICS_DIRECTORY is None:
            yield from REGISTRY.collect()
        else:
            forget_the_dead(settings.METRICS_DIRECTORY)
            yield from MultiProcessCollector(None, str(settings.METRICS_DIRECTORY)).collect()  # type: ignore[no-untyped-call]  # published so
        yield from QueueLength().collect()


def registry() -> CollectorRegistry:
    """Return what to expose."""
    exposed = CollectorRegistry(auto_describe=False)
    exposed.register(Everything())
    return exposed
