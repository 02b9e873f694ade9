"""'Environment 7 is at 42': waking up the streams of this process and of all others.

Nothing depends on a notification arriving. Within the process it is a call, the machine's other processes see a mark,
and to the rest it goes through the channel layer; when Redis is down or slow it is dropped with a log line. Beside the
numbers goes the change's position in its trace, if there is one: a process that knows nothing of traces passes it over.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer

from flags import metrics
from flags.publishing.marks import marks
from flagsite.lib import tracing

log = structlog.get_logger(__name__)

GROUP = "flagsite.revisions"
MESSAGE_TYPE = "revisions.advanced"
PATIENCE_SECONDS: Final = 1.0
"""Redis is given no longer: whoever changed the flag is waiting, and readers find out by themselves within a second."""

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
        _send(layer, message)
    except Exception as error:  # noqa: BLE001 - whatever the layer raises, the change is committed and will be found
        metrics.announcement_dropped()
        log.warning("notification_dropped", heads=dict(heads), error=repr(error))


def _send(layer: Any, message: Mapping[str, Any]) -> None:
    loop = _loop()
    sending = asyncio.run_coroutine_threadsafe(layer.group_send(GROUP, message), loop)
    try:
        sending.result(PATIENCE_SECONDS)
    finally:
        sending.cancel()  # as long as it is under way


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return this process's event loop for announcements: connections to Redis live on it from one to the next."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="announcing", daemon=True).start()
    return loop


os.register_at_fork(after_in_child=_loop.cache_clear)  # threads stay behind in the parent
