"""Run as a program: let a flag of production be turned off by schedule, a moment from now."""

import sys
from datetime import timedelta

import django

if __name__ == "__main__":
    django.setup()
    from accounts.actors import Actor, Source
    from accounts.models import Project, User
    from flags.editing.edits import FlagEdit
    from flags.models import FlagState
    from flags.services import propose, schedule_change_request
    from flagsite.lib import clock

    state = FlagState.objects.get(flag__key=sys.argv[1], environment__key="production")
    ada = Actor.person(User.objects.get(username="ada"), source=Source.API)
    edit = FlagEdit(key=sys.argv[1], states={"production": {"enabled": False}}, versions={"production": state.version})
    request = propose(project=Project.objects.get(), edits=[edit], by=ada)
    at = clock.now() + timedelta(seconds=2)  # not past yet when it is judged, however busy the machine
    schedule_change_request(request, by=ada, version=request.version, at=at, comment="At night")
