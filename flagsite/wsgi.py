"""The HTTP application for `web` processes (granian's WSGI interface)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flagsite.settings")

application = get_wsgi_application()

from flags.recording import start_writing  # noqa: E402 - models can be imported only after Django is set up

start_writing()
