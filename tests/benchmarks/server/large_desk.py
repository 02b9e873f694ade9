"""Run as a program on an installation without flags: make its shop a large one, print the desk's pages and a session.

The argument says how many flags. Five environments, all flags on everywhere with two rules, 10,000 contexts seen
lately, and a change that waits for its review. Nothing was changed for 100 days, and SDKs ask for every flag: such
flags cost the list the most.
"""

import json
import sys
from datetime import timedelta

import django

CONTEXTS = 10_000

if __name__ == "__main__":
    django.setup()
    from django.conf import settings
    from django.db import transaction
    from django.test import Client
    from django.urls import reverse

    from accounts.actors import Actor, Source
    from accounts.models import Environment, Project, User
    from accounts.querysets import lock_environments
    from flags.admin.flags.listing import FlagList
    from flags.documents import state_document
    from flags.editing.edits import FlagEdit
    from flags.models import Flag, FlagState, LastEvaluation, RecentContext
    from flags.publishing.publish import Change, publish
    from flags.querysets import states_in
    from flags.services import open_environment, propose
    from flagsite.lib import clock
    from segments.services import create_segment
    from tests.flags.test_query_counts import more_flags

    system, mia = Actor.system("tests"), User.objects.get(username="mia")
    project = Project.objects.get()
    production = Environment.objects.get()

    def asks(attribute: str, value: str) -> dict[str, str]:
        return {"attribute": attribute, "operator": "equals", "value": value}

    rules = [
        {
            "id": "north-america",
            "name": "In North America, or who pay",
            "if": {"any": [asks("country", "US"), asks("country", "CA"), asks("plan", "pro")]},
            "serve": {"split": [{"variation": "on", "weight": 33.333}, {"variation": "off", "weight": 66.667}]},
            "rollout_percentage": 50,
        },
        {"id": "beta", "name": "Beta testers", "if": {"segment": "beta"}, "serve": {"variation": "on"}},
    ]
    with transaction.atomic():
        ids = [f"user-{number}" for number in range(1_000)]
        create_segment(project=project, key="beta", fields={"included": ids}, by=system)
        for key in ("development", "load-test", "canary", "staging"):
            open_environment(project=project, key=key, name=key.title(), by=system)
        more_flags(project, int(sys.argv[1]))
        project.recorded_attributes = ["country", "plan"]
        project.save()
        countries, plans, now = ["US", "DE", "IT", "FR"], ["pro", "free", "team"], clock.now()
        RecentContext.objects.bulk_create(
            RecentContext(
                environment=production,
                context_id=f"user-{number}",
                attributes={"country": countries[number % 4], "plan": plans[number % 3]},
                seen_at=now,
            )
            for number in range(CONTEXTS)
        )
        LastEvaluation.objects.bulk_create(
            LastEvaluation(environment=environment, flag_key=key, at=now)
            for environment in project.environments.all()
            for key in project.flags.values_list("key", flat=True)
        )
        long_ago = now - timedelta(days=100)
        FlagState.objects.update(enabled=True, rules=rules, updated_at=long_ago)
        Flag.objects.update(updated_at=long_ago)
        (locked,) = lock_environments(project, only=production)
        flags = {state.flag.key: state_document(state) for state in states_in(production)}
        publish([Change(locked, flags=flags)], by=system, comment="Seeded")
    flag = Flag.objects.earliest("key")
    edit = FlagEdit(
        flag.key,
        states={"production": {"rollout_percentage": 40}},
        versions={"production": FlagState.objects.get(flag=flag, environment=production).version},
    )
    waits = propose(project=project, edits=[edit], by=Actor.person(mia, source=Source.ADMIN), comment="")
    listed = reverse("admin:flags_flag_changelist")
    person = Client()
    person.force_login(mia, backend="django.contrib.auth.backends.ModelBackend")
    told = {
        "pages": {
            "list": listed,
            "flag": reverse("admin:flags_flag_change", args=[flag.pk]),
            "review": reverse("admin:flags_changerequest_change", args=[waits.pk]),
            "sorted list": f"{listed}?o=-{FlagList.list_display.index('changed') + 1}",  # kept from then on: the last
        },
        "session": [settings.SESSION_COOKIE_NAME, person.cookies[settings.SESSION_COOKIE_NAME].value],
    }
    json.dump(told, sys.stdout)
