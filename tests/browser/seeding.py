"""Run as a program: add to a seeded installation the people and the projects of the stories, and print what they need.

Ed and Eve edit the harbour's shop, Vi views it; Bea and Ben edit the bank, where production asks for approval. Ada is
a superuser.
"""

import json
import sys
from typing import Any

import django

PASSWORD = "correct horse battery"

if __name__ == "__main__":
    django.setup()
    from django.db import transaction

    from accounts.actors import Actor
    from accounts.models import Environment, Project, User
    from accounts.roles import Role
    from accounts.services import (
        create_project,
        create_user,
        grant_role,
        issue_server_key,
        set_password,
        update_environment,
    )
    from flags.services import create_flag, open_environment
    from segments.services import create_segment

    system = Actor.system("tests")

    def person(username: str, project: Project, role: Role) -> None:
        user = create_user(username=username, password=PASSWORD, by=system)
        grant_role(user=user, role=role, project=project, by=system)

    def flag(environment: Environment, key: str, **fields: Any) -> None:
        given: Any = {"type": "boolean", "enabled": True, "fallthrough": {"variation": "on"}, **fields}
        create_flag(project=environment.project, environment=environment, key=key, fields=given, by=system)

    with transaction.atomic():
        harbour = create_project(key="harbour", name="Harbour Shop", by=system)
        for key in ("development", "staging", "production"):
            environment = open_environment(project=harbour, key=key, name=key.title(), by=system)
        for username, role in (("ed", Role.EDITOR), ("eve", Role.EDITOR), ("vi", Role.VIEWER)):
            person(username, harbour, role)
        set_password(User.objects.get(username="ada"), password=PASSWORD, by=system)
        for key in (
            "delivery-map",
            "gift-cards",
            "gift-wrapping",
            "live-stock",
            "loyalty-points",
            "night-delivery",
            "one-page-checkout",
            "photo-reviews",
            "product-videos",
            "quick-reorder",
            "size-guide",
        ):
            flag(environment, key, name=key.replace("-", " ").capitalize())
        create_segment(project=harbour, key="newsletter", fields={"name": "Newsletter"}, by=system)
        near: Any = {"condition": {"attribute": "country", "operator": "in", "value": ["US", "CA"]}}
        create_segment(project=harbour, key="north-america", fields=near, by=system)
        _, harbour_key = issue_server_key(environment=environment, name="SDK", by=system)

        bank = create_project(key="bank", name="Bank", by=system)
        vault = open_environment(project=bank, key="production", name="Production", by=system)
        flag(vault, "instant-transfer", name="Instant transfer")
        update_environment(
            vault, by=system, name=vault.name, position=vault.position, is_protected=False, requires_approval=True
        )
        for username in ("bea", "ben"):
            person(username, bank, Role.EDITOR)
        _, bank_key = issue_server_key(environment=vault, name="SDK", by=system)
    json.dump({"harbour": str(harbour_key), "bank": str(bank_key)}, sys.stdout)
