"""HTTP and the SDKs' stream in one ASGI application, for `stream` processes and the embedded demo."""

import gc
import os
from typing import Any, cast

from asgiref.sync import sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flagsite.settings")

_requests = get_asgi_application()

from flags.recording import start_writing, stop_writing  # noqa: E402 - models can be imported only after Django is set up
from flags.stream.events import ADDRESSES  # noqa: E402 - likewise
from flags.stream.handshake import follow, nowhere  # noqa: E402 - likewise
from flagsite.lib import tracing  # noqa: E402 - with the others

start_writing()


async def _life(scope: Any, receive: Any, send: Any) -> None:
    """Write what is left to be written when the server stops (ASGI's lifespan); of the signal uvicorn dies."""
    del scope
    gc.collect()
    gc.freeze()  # what was loaded stays; to look through it again and again would halt every connection meanwhile
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await sync_to_async(stop_writing)()
    await sync_to_async(tracing.stop)()
    await send({"type": "lifespan.shutdown.complete"})


async def _http(scope: Any, receive: Any, send: Any) -> None:
    await ADDRESSES.get(scope["path"], _requests)(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": _http,
        "lifespan": _life,
        "websocket": URLRouter([path("sdk/stream", cast("Any", follow)), re_path("", cast("Any", nowhere))]),
    },
)
