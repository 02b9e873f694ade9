"""The HTTP application for `web` processes (granian's WSGI interface)."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flagsite.settings")

_django = get_wsgi_application()

from django.conf import settings  # noqa: E402 - after Django is set up
from django.urls import get_resolver  # noqa: E402 - with it

from flags.recording import start_writing  # noqa: E402 - models can be imported only after Django is set up
from flags.serving.front import Front  # noqa: E402 - likewise

application = Front(_django, has_doors=not settings.TRACING)  # spans begin in Django's middlewares

start_writing()
sys.setswitchinterval(0.0005)  # a request must not wait 5 ms for the thread that writes what was decided
_ = get_resolver().url_patterns  # loads every view now, and not while the first request waits
gc.collect()
gc.freeze()  # what was loaded stays; to look through it again and again would halt requests for 0.1 s each time
