"""Run as a program: fill a fresh database with a project, so many flags and keys, and print the keys as JSON."""

import json
import sys

import django

if __name__ == "__main__":
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    from accounts.actors import Actor
    from accounts.querysets import lock_environments
    from accounts.roles import Role
    from accounts.services import create_project, create_user, grant_role, issue_api_token, issue_server_key
    from flags.documents import state_document
    from flags.models import Flag, FlagState
    from flags.publishing.publish import Change, publish
    from flags.querysets import states_in
    from flags.services import open_environment

    call_command("migrate", verbosity=0)
    system = Actor.system("tests")
    with transaction.atomic():
        project = create_project(key="shop", name="Shop", by=system)
        production = open_environment(project=project, key="production", name="Production", by=system)
        ada = create_user(username="ada", password="correct horse", is_superuser=True, by=system)
        rules = [
            {
                "id": "in-the-us",
                "name": "In the US",
                "if": {"attribute": "country", "operator": "equals", "value": "US"},
                "serve": {"variation": "on"},
                "rollout_percentage": 50,
            },
        ]
        variations = [{"key": "on", "value": True}, {"key": "off", "value": False}]
        flags = Flag.objects.bulk_create(
            Flag(project=project, key=f"flag-{number:04}", type="boolean", variations=variations)
            for number in range(int(sys.argv[1]))
        )
        FlagState.objects.bulk_create(
            FlagState(
                flag=flag,
                environment=production,
                enabled=True,
                salt=flag.key,
                off_variation="off",
                fallthrough={"variation": "on"},
                rules=rules,
            )
            for flag in flags
        )
        (locked,) = lock_environments(project)
        documents = {state.flag.key: state_document(state) for state in states_in(production)}
        publish([Change(locked, flags=documents)], by=system, comment="Seeded")
        server_key = issue_server_key(environment=production, name="SDK", by=system)
        api_token = issue_api_token(user=ada, name="test", by=system)
        mia = create_user(username="mia", password="correct horse", by=system)
        grant_role(user=mia, role=Role.EDITOR, project=project, by=system)
        editor_token = issue_api_token(user=mia, name="test", by=system)
    keys = {"server_key": server_key[1], "api_token": api_token[1], "editor_token": editor_token[1]}
    json.dump({name: str(key) for name, key in keys.items()}, sys.stdout)
