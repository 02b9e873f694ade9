"""The HTTP application for `web` processes (granian's WSGI interface)."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flagsite.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402 - after Django is set up

from flags.recording import start_writing  # noqa: E402 - models can be imported only after Django is set up
from flags.serving.front import Front  # noqa: E402 - likewise

sys.setswitchinterval(0.0005)  # a request must not wait 5 ms for the thread that writes what was decided

application = _django if settings.TRACING else Front(_django)  # spans begin in Django's middlewares

start_writing()
