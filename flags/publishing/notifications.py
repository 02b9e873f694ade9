"""'Environment 7 is at 42': waking up the streams of this process and of all others.

Nothing depends on a notification arriving. Within the process it is a call, the machine's other processes see a mark,
and to the rest it goes through the channel layer; when Redis is down it is dropped with a log line. Beside the numbers
goes the change's position in its trace, if there is one: a process that knows nothing of traces passes it over.
"""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from flags import metrics
from flags.publishing.marks import marks
from flagsite.lib import tracing

log = structlog.get_logger(__name__)

GROUP = "flagsite.revisions"
MESSAGE_TYPE = "revisions.advanced"

_listeners: list[Callable[[Mapping[int, int]], None]] = []


def listen(listener: Callable[[Mapping[int, int]], None]) -> None:
    """Call `listener(heads)` for every change that this process commits, from the committing thread."""
    _listeners.append(listener)


def announce(heads: Mapping[int, int]) -> None:
    """Tell everybody that environments (by id) have reached these revisions; never raises."""
    with tracing.span("flagsite.announce", kind="PRODUCER"):
        _announce(heads)


def _announce(heads: Mapping[int, int]) -> None:
    marks().change(heads)
    for listener in _listeners:
        try:
            listener(heads)
        except Exception as error:  # noqa: BLE001 - one that is shutting down must not keep the others asleep
            log.warning("listener_failed", heads=dict(heads), error=repr(error))
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        return  # the embedded installation: there is no other process
    message: dict[str, Any] = {"type": MESSAGE_TYPE, "heads": [list(head) for head in heads.items()]}
    if trace := tracing.carrier():
        message["trace"] = dict(trace)
    try:
        async_to_sync(layer.group_send)(GROUP, message)
    except Exception as error:  # noqa: BLE001 - whatever the layer raises, the change is committed and will be found
        metrics.announcement_dropped()
        log.warning("notification_dropped", heads=dict(heads), error=repr(error))
