"""Run as a program: a Celery worker with its beat, whose clock is so many hours ahead of the world's."""

import sys
from datetime import UTC, datetime, timedelta

import django

if __name__ == "__main__":
    django.setup()
    from django.conf import settings

    from flagsite.celery import app
    from flagsite.lib import clock

    ahead = timedelta(hours=float(sys.argv[1]))
    clock.now = lambda: datetime.now(UTC) + ahead
    app.worker_main(
        ["worker", "--beat", "--pool=solo", "--loglevel=warning", f"--schedule={settings.DATA_DIR / 'beat'}"]
    )
