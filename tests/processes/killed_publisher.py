"""Run as a program: turn a flag off and be killed between the commit and the notification."""

import os
import signal
import sys
from unittest import mock

import django

if __name__ == "__main__":
    django.setup()
    from accounts.actors import Actor
    from accounts.models import Environment
    from flags.services import update_flag

    def die(heads: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    production = Environment.objects.get(key="production")
    with mock.patch("flags.publishing.publish.announce", die):
        update_flag(
            project=production.project,
            environment=production,
            key=sys.argv[1],
            fields={"enabled": False},
            by=Actor.system("tests"),
        )
