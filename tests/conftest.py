"""The cast of people, and a shop for them to work in.

Ada administers the shop, Ed edits it, Vi views it; Otto has another project; Sam is a superuser; Nina has no role.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts import rates
from accounts.actors import Actor, Source
from accounts.credentials import Credential
from accounts.models import Environment, Project, User
from accounts.roles import Role
from accounts.services import create_project, create_user, grant_role, issue_api_token, issue_server_key
from flags import recording, snapshots
from flags.services import open_environment
from flags.usage import quotas
from tests.databases import template
from tests.furniture import furnished

SYSTEM = Actor.system("tests")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy what has been migrated once, for each worker."""
    connection.settings_dict["TEST"]["TEMPLATE"] = template(os.environ["TEST_DATABASE_URL"])


@pytest.fixture(autouse=True)
def _nothing_held() -> None:
    """Databases go back in time between tests; what processes hold of them must too."""
    snapshots.forget_all()
    recording.start_anew()
    rates.start_anew()
    quotas.start_anew()


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    """Neither hash passwords slowly on purpose, nor look for every static file whenever a client is made."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True


@dataclass(frozen=True)
class Person:
    """Somebody with a token."""

    user: User
    token: str

    @property
    def actor(self) -> Actor:
        """The person as services know them."""
        return Actor.person(self.user, source=Source.API)

    def client(self) -> APIClient:
        """The REST API as this person reaches it."""
        return client_with(self.token)


def client_with(key: str | Credential) -> APIClient:
    """Return a REST client that sends this key."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


@pytest.fixture
def make_person(db: None) -> Callable[..., Person]:
    def make(username: str, *, role: Role | None = None, project: Project | None = None, **kwargs: Any) -> Person:
        def make() -> Person:
            user = create_user(username=username, password="correct horse battery", by=SYSTEM, **kwargs)
            if role and project:
                grant_role(user=user, role=role, project=project, by=SYSTEM)
            _, credential = issue_api_token(user=user, name="test", by=SYSTEM)
            return Person(user, str(credential))

        return furnished((username, role, project and project.pk, *sorted(kwargs.items())), make)

    return make


@pytest.fixture
def shop(db: None) -> Project:
    """A project with three environments."""

    def make() -> Project:
        project = create_project(key="shop", name="Shop", by=SYSTEM)
        for key in ("development", "staging", "production"):
            open_environment(project=project, key=key, name=key.title(), by=SYSTEM)
        return project

    return furnished("shop", make)


@pytest.fixture
def development(shop: Project) -> Environment:
    return shop.environments.get(key="development")


@pytest.fixture
def production(shop: Project) -> Environment:
    return shop.environments.get(key="production")


@pytest.fixture
def ada(shop: Project, make_person: Callable[..., Person]) -> Person:
    return make_person("ada", role=Role.ADMIN, project=shop)


@pytest.fixture
def ed(shop: Project, make_person: Callable[..., Person]) -> Person:
    return make_person("ed", role=Role.EDITOR, project=shop)


@pytest.fixture
def vi(shop: Project, make_person: Callable[..., Person]) -> Person:
    return make_person("vi", role=Role.VIEWER, project=shop)


@pytest.fixture
def nina(make_person: Callable[..., Person]) -> Person:
    return make_person("nina")


@pytest.fixture
def sam(make_person: Callable[..., Person]) -> Person:
    return make_person("sam", is_superuser=True)


@pytest.fixture
def otto(db: None, make_person: Callable[..., Person]) -> Person:

    def make() -> Project:
        project = create_project(key="elsewhere", name="Elsewhere", by=SYSTEM)
        open_environment(project=project, key="production", name="Production", by=SYSTEM)
        return project

    return make_person("otto", role=Role.ADMIN, project=furnished("elsewhere", make))


@pytest.fixture
def server_key(production: Environment) -> str:
    """A key for SDKs of the shop's production."""
    return furnished(
        ("server key", production.pk),
        lambda: str(issue_server_key(environment=production, name="test", by=SYSTEM)[1]),
    )


@pytest.fixture
def sdk(server_key: str) -> APIClient:
    """The REST API as an SDK of the shop's production reaches it."""
    return client_with(server_key)
