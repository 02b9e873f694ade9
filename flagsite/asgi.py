"""HTTP and the SDKs' stream in one ASGI application, for `stream` processes and the embedded demo."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flagsite.settings")

_http = get_asgi_application()

from flags.stream.consumer import StreamConsumer  # noqa: E402 - models can be imported only after Django is set up

application = ProtocolTypeRouter(
    {
        "http": _http,
        "websocket": URLRouter([path("sdk/stream", StreamConsumer.as_asgi())]),
    },
)
