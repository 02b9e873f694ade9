"""How many tasks wait in Celery's queue: asked of the broker, so that it is known when no worker lives."""

from collections.abc import Iterator
from typing import Any

import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from flagsite.celery import app

log = structlog.get_logger(__name__)

_SECONDS = 1.0
"""A broker that takes longer is taken for away: a scrape must not wait for it."""


class QueueLength(Collector):
    """The length of the queue; nothing when the broker is away."""

    def collect(self) -> Iterator[Metric]:
        """Yield one gauge, or none."""
        try:
            length = _length()
        except Exception as error:  # noqa: BLE001 - whatever the broker's client raises, the other metrics are to be had
            log.warning("queue_not_reached", error=type(error).__name__)
            return
        family = GaugeMetricFamily("flagsite_celery_queue_length", "Tasks that wait for a worker.", labels=["queue"])
        family.add_metric([app.conf.task_default_queue], length)
        yield family


def _length() -> int:
    options = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS}
    with app.connection_for_read(transport_options=options) as connection, connection.channel() as opened:
        channel: Any = opened  # kombu has no public way to ask, of an empty queue, how long it is
        return int(channel._size(app.conf.task_default_queue))  # noqa: SLF001
