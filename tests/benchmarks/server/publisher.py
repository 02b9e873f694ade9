"""Run as a program: for each line on standard input change a flag, and print when that was committed.

The moment is taken before anybody is told: the first thing that happens after COMMIT.
"""

import sys
import time

import django

if __name__ == "__main__":
    django.setup()
    from django.db import transaction

    from accounts.actors import Actor
    from accounts.models import Environment
    from flags.services import FlagFields, update_flag

    environment = Environment.objects.select_related("project").get(key="production")
    system = Actor.system("bench")
    for number, _ in enumerate(sys.stdin):
        with transaction.atomic():
            transaction.on_commit(lambda: sys.stdout.write(f"{time.time()}\n"))
            fields = FlagFields(salt=f"{number}")
            update_flag(project=environment.project, environment=environment, key="flag-0001", fields=fields, by=system)
        sys.stdout.flush()
