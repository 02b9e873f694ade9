"""`manage.py demo`: a shop with flags, served by one process with nothing else installed."""

import socket
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command

from flagsite import env
from flagsite.demo.loading import load
from flagsite.demo.processes import celery_in_threads, server
from flagsite.demo.ramp import ENVIRONMENT, FLAG, PERCENTAGES, rehearse

WELCOME = """
  Flagsite runs at {url}

  Admin          {url}/admin/
                 {admin[username]} / {admin[password]}
  SDK key        {server_keys[production]}      (production)
  API token      {tokens[admin]}      (all keys: {file})
  API, browsable {url}/docs

  Try it with curl:

    curl -s {url}/evaluate -H 'Authorization: Bearer {server_keys[production]}' \\
      -H 'Content-Type: application/json' \\
      -d '{{"flag_key": "new-checkout", "context": {{"id": "user-123", "email": "ann@harbour.example"}}}}'

    curl -s -X PATCH '{url}/flags/new-checkout?environment=production' \\
      -H 'Authorization: Bearer {tokens[admin]}' \\
      -H 'Content-Type: application/json' -d '{{"rollout_percentage": 50}}'

  … or with Python (in another terminal: .venv/bin/python):

    from flagsite_sdk import FlagClient
    client = FlagClient("{url}", api_key="{server_keys[production]}")
    client.is_enabled("new-checkout", {{"id": "user-123", "country": "US"}})

  Ctrl-C stops it; what you change is kept in {data}.
"""
REHEARSAL = """
  Look now: a ramp takes {flag} in {environment} from {first} % to {last} %, a step every {seconds} s.
"""


class Command(BaseCommand):
    help = "Load a demo project and serve everything in one process (PORT, default 8000; DATA_DIR, default var)."

    def handle(self, *args: Any, **options: Any) -> None:
        del args, options
        listening = self._listen(env.text("HOST", "127.0.0.1"), env.integer("PORT", default=8000))
        host, port = listening.getsockname()[:2]
        call_command("migrate", verbosity=0)
        file = settings.DATA_DIR / "demo.json"
        facts = load(file, url=f"http://{host}:{port}")
        self.stdout.write(WELCOME.format(**facts, file=file, data=settings.DATA_DIR))
        seconds = env.integer("DEMO_STEP_SECONDS", default=30, least=1)
        if rehearse(step_seconds=seconds):
            first, *_, last = PERCENTAGES
            told = REHEARSAL.format(flag=FLAG, environment=ENVIRONMENT, first=first, last=last, seconds=seconds)
            self.stdout.write(told)
        self.stdout.flush()
        with celery_in_threads(), suppress(KeyboardInterrupt):  # uvicorn stops gracefully, then raises it again
            server(listening).run(sockets=[listening])
        self.stdout.write("Stopped.")

    def _listen(self, host: str, port: int) -> socket.socket:
        """Take the port before anything is loaded, so that a taken one is said at once."""
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            listening.close()
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}. Try PORT=8001.") from None
        return listening
