"""Hands a client's measurements to OpenTelemetry, where that is installed (``flagsite-sdk[otel]``).

::

    from flagsite_sdk.opentelemetry_metrics import measure

    measure(client)
"""

from collections.abc import Callable
from typing import Any

from opentelemetry import metrics

from flagsite_sdk.client import FlagClient
from flagsite_sdk.measurements import KINDS, Kind, Measurement
from flagsite_sdk.version import NAME, __version__


def measure(client: FlagClient, *, meter_provider: metrics.MeterProvider | None = None) -> Callable[[], None]:
    """Record what a client measures, from now on.

    Args:
        client: whose measurements.
        meter_provider: where to; None is the one that the program has set.

    Returns:
        A function that ends it.
    """
    meter = metrics.get_meter(NAME, __version__, meter_provider)
    instruments: dict[str, Any] = {
        name: meter.create_counter(name) if kind is Kind.COUNTER else meter.create_gauge(name)
        for name, kind in KINDS.items()
    }

    def record(measurement: Measurement) -> None:
        instrument = instruments[measurement.name]
        take = instrument.add if measurement.kind is Kind.COUNTER else instrument.set
        take(measurement.value, dict(measurement.attributes))

    return client.on_measurement(record)
