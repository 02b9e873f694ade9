"""Loading the shop through the same services that everybody uses, and handing out its keys."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.actors import Actor, Source
from accounts.models import Environment, Project, User
from accounts.roles import Role
from accounts.services import create_project, create_user, grant_role, issue_api_token, issue_server_key, update_project
from flags.services import create_flag, open_environment, update_flag
from flagsite.demo import shop
from segments.services import create_segment

_PEOPLE = {"admin": Role.ADMIN, "editor": Role.EDITOR, "viewer": Role.VIEWER}


def load(file: Path, *, url: str) -> dict[str, Any]:
    """Make the demo unless it is there, and return what `file` (demo.json) says about it.

    The file holds the keys, which are stored nowhere else in full; when it is lost, new ones are issued.
    """
    with transaction.atomic():
        project = Project.objects.filter(key=shop.PROJECT["key"]).first() or _make_shop()
        facts = json.loads(file.read_text()) if file.exists() else _hand_out_keys(project)
    facts["url"] = url
    file.touch(mode=0o600)
    file.write_text(json.dumps(facts, indent=2) + "\n")
    return dict(facts)


def _make_shop() -> Project:
    system = Actor.system("demo")
    project = create_project(**shop.PROJECT, by=system)
    update_project(
        project,
        by=system,
        name=project.name,
        description=project.description,
        recorded_attributes=shop.RECORDED_ATTRIBUTES,
    )
    for username, role in _PEOPLE.items():
        user = create_user(
            username=username,
            password=secrets.token_urlsafe(12),
            email=f"{username}@harbour.example",
            is_superuser=role is Role.ADMIN,
            by=system,
        )
        grant_role(user=user, role=role, project=project, by=system)
    environments = {
        key: open_environment(project=project, key=key, name=name, by=system) for key, name in shop.ENVIRONMENTS
    }
    by = Actor.person(User.objects.get(username="admin"), source=Source.COMMAND)
    for key, fields in shop.SEGMENTS.items():
        create_segment(project=project, key=key, fields=fields, by=by)  # type: ignore[arg-type]  # data in the service's shape
    for key, steps in shop.FLAGS.items():
        _make_flag(project, environments, key, steps, by)
    return project


def _make_flag(
    project: Project,
    environments: dict[str, Environment],
    key: str,
    steps: dict[str, Any],
    by: Actor,
) -> None:
    create_flag(project=project, environment=environments["development"], key=key, fields=steps["create"], by=by)
    for environment in environments.values():
        update_flag(project=project, environment=environment, key=key, fields=steps["everywhere"], by=by)
    for step in steps["production"]:
        fields = {name: value for name, value in step.items() if name != "comment"}
        update_flag(
            project=project,
            environment=environments["production"],
            key=key,
            fields=fields,  # type: ignore[arg-type]  # data in the service's shape
            comment=step["comment"],
            by=by,
        )


def _hand_out_keys(project: Project) -> dict[str, Any]:
    system = Actor.system("demo")
    admin = User.objects.get(username="admin")
    password = secrets.token_urlsafe(12)
    admin.set_password(password)
    admin.save(update_fields=["password"])
    return {
        "project": project.key,
        "admin": {"username": admin.username, "password": password},
        "tokens": {
            username: str(issue_api_token(user=User.objects.get(username=username), name="Demo", by=system)[1])
            for username in _PEOPLE
        },
        "server_keys": {
            environment.key: str(issue_server_key(environment=environment, name="Demo", by=system)[1])
            for environment in project.environments.all()
        },
    }
