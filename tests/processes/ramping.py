"""Run as a program: start a ramp of every flag in production, all with these steps, and print how many there are.

Arguments: the seconds until the moment at which all take their first step, and the other steps as JSON. However long it
takes to start them, the moment is set when the last one has been: all are due in the same one.
"""

import json
import sys
from datetime import timedelta

import django

if __name__ == "__main__":
    django.setup()
    from accounts.actors import Actor
    from accounts.models import Environment
    from flags.models import Flag
    from flagsite.lib import clock
    from rollouts.models import Ramp, Step
    from rollouts.services import start_ramp

    production = Environment.objects.select_related("project").get(key="production")
    later = (clock.now() + timedelta(days=1)).isoformat()
    steps = [{"percentage": 1, "at": later}, *json.loads(sys.argv[2])]
    keys = list(Flag.objects.order_by("key").values_list("key", flat=True))
    for key in keys:
        start_ramp(project=production.project, environment=production, key=key, steps=steps, by=Actor.system("tests"))
    at = clock.now() + timedelta(seconds=float(sys.argv[1]))
    Step.objects.filter(position=0).update(at=at)
    Ramp.objects.update(due_at=at)
    print(len(keys))  # noqa: T201 - what the test reads
