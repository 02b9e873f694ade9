"""Who reaches what: every address and method, asked by every kind of caller."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Environment, Invitation, Project, ServerKey
from accounts.services import issue_api_token, issue_server_key, revoke_key
from flags.editing.edits import FlagEdit
from flags.models import ChangeRequest
from flags.services import propose
from flagsite.lib import clock
from flagsite.lib.vault import seal
from rollouts.models import Delivery, MailNotice, Webhook
from rollouts.notices.signing import new_secret
from tests.conftest import SYSTEM, Person, client_with
from tests.flags.builders import boolean, create, create_segment
from tests.tables import undone

pytestmark = pytest.mark.django_db

SHOP = "?project=shop"


class Door(NamedTuple):
    """An address, a method, and what whoever may come in gets."""

    method: str
    path: str
    body: Any
    status: int


TENTH: Final = {"flag": "checkout", "environment": "development", "set": {"rollout_percentage": 10}}
REQUEST_ID: Final = 1_000_000  # far from what the database counts up to, as the webhook's below
SERVER_KEY: Final = "/server-keys/0123456789ab"
REQUESTS: Final = f"/change-requests/{REQUEST_ID}"
READ: Final = [
    Door("get", "/projects/shop", None, 200),
    Door("get", f"/environments{SHOP}", None, 200),
    Door("get", f"/environments/staging{SHOP}", None, 200),
    Door("get", f"/server-keys{SHOP}", None, 200),
    Door("get", f"{SERVER_KEY}{SHOP}", None, 200),
    Door("get", f"/people{SHOP}", None, 200),
    Door("get", f"/change-requests{SHOP}", None, 200),
    Door("get", f"{REQUESTS}{SHOP}", None, 200),
    Door("get", f"{REQUESTS}/effects{SHOP}", None, 200),
    Door("get", f"/flags{SHOP}", None, 200),
    Door("get", f"/flags/checkout{SHOP}", None, 200),
    Door("get", f"/flags/checkout/audit{SHOP}&user_id=ann", None, 200),
    Door("get", f"/flags/checkout/history{SHOP}", None, 200),
    Door("get", f"/flags/checkout/evaluations{SHOP}", None, 200),
    Door("get", f"/flags/checkout/ramp{SHOP}", None, 200),
    Door("get", f"/flags/checkout/ramp/checks{SHOP}", None, 200),
    Door("get", f"/ramp-templates{SHOP}", None, 200),
    Door("get", f"/segments{SHOP}", None, 200),
    Door("get", f"/segments/beta{SHOP}", None, 200),
    Door("get", f"/segments/beta/history{SHOP}", None, 200),
]
EDIT: Final = [
    Door("post", f"/change-requests{SHOP}", {"edits": [TENTH]}, 201),
    Door("patch", f"{REQUESTS}{SHOP}", {"version": 1, "edits": [TENTH]}, 200),
    Door("post", f"{REQUESTS}/approve{SHOP}", {"version": 1}, 200),
    Door("post", f"{REQUESTS}/publish{SHOP}", {"version": 1}, 200),
    Door("post", f"{REQUESTS}/schedule{SHOP}", {"version": 1, "publish_at": "2100-01-01T00:00:00Z"}, 200),
    Door("post", f"{REQUESTS}/unschedule{SHOP}", {}, 409),  # it has no time
    Door("post", f"{REQUESTS}/merge{SHOP}", {"version": 1}, 200),
    Door("post", f"{REQUESTS}/decline{SHOP}", {"version": 1, "comment": "Not now"}, 200),
    Door("post", f"{REQUESTS}/withdraw{SHOP}", {}, 409),  # it is nobody's of them
    Door("post", f"/flags{SHOP}", {"key": "new", "type": "boolean"}, 201),
    Door("patch", f"/flags/checkout{SHOP}", {"enabled": False}, 200),
    Door("delete", f"/flags/checkout{SHOP}", None, 204),
    Door("post", f"/flags/checkout/rollout{SHOP}", {"percentage": 5}, 200),
    Door("post", f"/flags/checkout/ramp{SHOP}", {"steps": [{"percentage": 1}]}, 409),  # there is one
    Door("patch", f"/flags/checkout/ramp{SHOP}", {"guardrails": []}, 200),
    Door("delete", f"/flags/checkout/ramp{SHOP}", None, 204),
    Door("post", f"/flags/checkout/ramp/pause{SHOP}", {}, 200),
    Door("post", f"/flags/checkout/ramp/resume{SHOP}", {}, 409),  # it runs
    Door("post", f"/flags/checkout/ramp/advance{SHOP}", {}, 200),
    Door("post", f"/flags/checkout/ramp/rollback{SHOP}", {}, 200),
    Door("post", f"/flags/checkout/ramp/approve{SHOP}", {}, 409),  # it waits for nobody
    Door("put", f"/ramp-templates/ours{SHOP}", {"steps": [{"percentage": 1}]}, 200),
    Door("delete", f"/ramp-templates/theirs{SHOP}", None, 204),
    Door("post", f"/flags/checkout/restore{SHOP}", {"revision": 3}, 200),
    Door("post", f"/flags/checkout/recreate{SHOP}", {}, 409),  # it is there
    Door("post", f"/flags/checkout/turn-off{SHOP}", {}, 200),
    Door("post", f"/segments{SHOP}", {"key": "new"}, 201),
    Door("patch", f"/segments/beta{SHOP}", {"name": "New"}, 200),
    Door("delete", f"/segments/beta{SHOP}", None, 204),
]
HOOK: Final = {"name": "Ops", "address": "https://hooks.example.com/x"}
HOOK_ID: Final = 1_000_000  # far from what the database counts up to: the posts below, though undone, count it up
HOOKS: Final = f"/webhooks/{HOOK_ID}"
MAILS: Final = {"name": "On call", "addresses": ["ops@shop.example"]}
NOTICES: Final = f"/mail-notices/{HOOK_ID}"
DELIVERY_ID: Final = "0d6a3a34-6ef9-4b6c-a4f5-9c1f1ad4b2b7"
INVITATION: Final = f"/invitations/{HOOK_ID}"
MANAGE: Final = [
    Door("patch", "/projects/shop", {"name": "New"}, 200),
    Door("post", f"/environments{SHOP}", {"key": "preview", "name": "Preview"}, 201),
    Door("patch", f"/environments/staging{SHOP}", {"protected": True}, 200),
    Door("post", f"/server-keys{SHOP}", {"environment": "staging", "name": "New"}, 201),
    Door("post", f"{SERVER_KEY}/rotate{SHOP}", {}, 201),
    Door("post", f"{SERVER_KEY}/revoke{SHOP}", None, 200),
    Door("put", f"/people/nina/role{SHOP}", {"role": "admin"}, 200),
    Door("delete", f"/people/vi/role{SHOP}", None, 204),
    Door("get", f"/invitations{SHOP}", None, 200),
    Door("post", f"/invitations{SHOP}", {"email": "new@shop.example", "role": "admin"}, 201),
    Door("post", f"{INVITATION}/renew{SHOP}", None, 200),
    Door("post", f"{INVITATION}/withdraw{SHOP}", None, 200),
    Door("get", f"/webhooks{SHOP}", None, 200),
    Door("post", f"/webhooks{SHOP}", HOOK, 201),
    Door("get", f"{HOOKS}{SHOP}", None, 200),
    Door("patch", f"{HOOKS}{SHOP}", {"name": "New"}, 200),
    Door("delete", f"{HOOKS}{SHOP}", None, 204),
    Door("post", f"{HOOKS}/rotate{SHOP}", {}, 200),
    Door("post", f"{HOOKS}/test{SHOP}", None, 202),
    Door("get", f"{HOOKS}/deliveries{SHOP}", None, 200),
    Door("post", f"/deliveries/{DELIVERY_ID}/send-again{SHOP}", None, 202),
    Door("get", f"/mail-notices{SHOP}", None, 200),
    Door("post", f"/mail-notices{SHOP}", MAILS, 201),
    Door("get", f"{NOTICES}{SHOP}", None, 200),
    Door("patch", f"{NOTICES}{SHOP}", {"name": "New"}, 200),
    Door("delete", f"{NOTICES}{SHOP}", None, 204),
    Door("post", f"{NOTICES}/test{SHOP}", None, 202),
    Door("get", f"{NOTICES}/deliveries{SHOP}", None, 200),
]
ASK: Final = {"context": {"id": "ann"}}
BATCH: Final = {
    "batch": "6f2f6b6e-3c1c-4d2a-9f21-1d9f6f2c1a00",
    "sdk": {"name": "s", "version": "1", "instance": "i"},
}
SERVE: Final = [
    Door("get", "/sdk/config", None, 200),
    Door("post", "/sdk/events", BATCH, 202),
    Door("post", "/evaluate", ASK, 200),
    Door("post", "/ofrep/v1/evaluate/flags", ASK, 200),
    Door("post", "/ofrep/v1/evaluate/flags/checkout", ASK, 200),
]
OPEN: Final = [
    *(Door("get", path, None, 200) for path in ("/healthz", "/readyz", "/openapi.json", "/docs", "/metrics")),
    Door("get", "/favicon.ico", None, 302),
]

IN = 0
"""Let in: the caller gets what the door gives."""

RULES: Final[dict[str, tuple[int, int, int, int]]] = {
    # caller: may read, may edit, may manage, may serve
    "admin": (IN, IN, IN, 403),
    "editor": (IN, IN, 403, 403),
    "viewer": (IN, 403, 403, 403),
    "superuser": (IN, IN, IN, 403),
    "no role": (404, 404, 404, 403),
    "another project's admin": (404, 404, 404, 403),
    "server key": (403, 403, 403, IN),
    "nobody": (401, 401, 401, 401),
    "revoked token": (401, 401, 401, 401),
    "expired token": (401, 401, 401, 401),
    "revoked server key": (401, 401, 401, 401),
    "unknown token": (401, 401, 401, 401),
    "malformed key": (401, 401, 401, 401),
    "former colleague": (401, 401, 401, 401),
}


@pytest.fixture
def callers(  # noqa: PLR0917 - the whole cast
    ada: Person,
    ed: Person,
    vi: Person,
    nina: Person,
    otto: Person,
    sam: Person,
    sdk: APIClient,
    production: Environment,
    make_person: Callable[..., Person],
    shop: Project,
) -> dict[str, APIClient]:
    token, revoked_token = issue_api_token(user=ada.user, name="revoked", by=SYSTEM)
    key, revoked_key = issue_server_key(environment=production, name="revoked", by=SYSTEM)
    revoke_key(token, by=SYSTEM)
    revoke_key(key, by=SYSTEM)
    old, expired = issue_api_token(user=ada.user, name="old", by=SYSTEM)
    old.expires_at = datetime(2020, 1, 1, tzinfo=UTC)
    old.save()
    former = make_person("former", is_superuser=True)
    former.user.is_active = False
    former.user.save()
    return {
        "admin": ada.client(),
        "editor": ed.client(),
        "viewer": vi.client(),
        "superuser": sam.client(),
        "no role": nina.client(),
        "another project's admin": otto.client(),
        "server key": sdk,
        "nobody": APIClient(),
        "revoked token": client_with(revoked_token),
        "expired token": client_with(expired),
        "revoked server key": client_with(revoked_key),
        "unknown token": client_with("fs_api_0123456789ab_nothing"),
        "malformed key": client_with("Bearer"),
        "former colleague": former.client(),
    }


def status_of(client: APIClient, door: Door) -> int:
    """Knock, and undo whatever came of it."""
    with undone():
        response = getattr(client, door.method)(door.path, door.body)
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
    return int(response.status_code)


def test_every_door_opens_for_those_whom_the_table_names(
    callers: dict[str, APIClient], ed: Person, shop: Project, settings: Settings
) -> None:
    settings.WRONG_KEY_RATE = 0  # more of them knock in vain, from one address, than anybody may
    create_segment(ed, "beta")
    create(ed, boolean(), environment="development")
    steps = [{"percentage": 1}, {"percentage": 50, "after": "1h"}]
    assert ed.client().post(f"/flags/checkout/ramp{SHOP}", {"steps": steps}).status_code == 201
    assert ed.client().put(f"/ramp-templates/theirs{SHOP}", {"steps": steps}).status_code == 200
    waiting = propose(
        project=shop,
        edits=[FlagEdit("checkout", states={"development": {"rollout_percentage": 50}}, versions={"development": 2})],
        by=SYSTEM,
    )
    waiting.concerns.all().delete()
    ChangeRequest.objects.filter(pk=waiting.pk).update(id=REQUEST_ID)
    webhook = Webhook.objects.create(pk=HOOK_ID, project=shop, secret=seal(new_secret()), **HOOK)
    ServerKey.objects.create(id="0123456789ab", name="SDK", environment=shop.environments.get(key="staging"))
    asked = Invitation.objects.create(
        pk=HOOK_ID, email="old@shop.example", invited_by=ed.user, expires_at=clock.now() + timedelta(days=1)
    )
    asked.roles.create(project=shop, role="viewer")
    MailNotice.objects.create(pk=HOOK_ID, project=shop, **MAILS)
    now = clock.now()
    Delivery.objects.create(pk=DELIVERY_ID, project=shop, webhook=webhook, created_at=now, next_at=now)
    wrong = [
        f"{caller}: {door.method} {door.path} is answered {status}"
        for caller, statuses in RULES.items()
        for doors, wanted in zip((READ, EDIT, MANAGE, SERVE), statuses, strict=True)
        for door in doors
        if (status := status_of(callers[caller], door)) != (wanted or door.status)
    ]
    assert wrong == []


def test_projects_are_listed_for_who_sees_them_and_created_by_superusers(callers: dict[str, APIClient]) -> None:
    body = {"key": "new", "name": "New"}
    doors = (Door("get", "/projects", None, 200), Door("post", "/projects", body, 201))
    found = {caller: tuple(status_of(client, door) for door in doors) for caller, client in callers.items()}
    assert [caller for caller, statuses in found.items() if statuses == (200, 201)] == ["superuser"]
    people = {caller for caller, statuses in found.items() if statuses == (200, 403)}
    assert people == {"admin", "editor", "viewer", "no role", "another project's admin"}
    assert found["server key"] == (403, 403)
    assert {statuses for caller, statuses in found.items() if RULES[caller][0] == 401} == {(401, 401)}


def test_some_doors_are_open_to_everybody(callers: dict[str, APIClient]) -> None:
    wrong = [
        f"{caller}: {door.path} is answered {status}"
        for caller in ("admin", "server key", "nobody", "malformed key")
        for door in OPEN
        if (status := status_of(callers[caller], door)) != door.status
    ]
    assert wrong == []


def _addresses(patterns: Any, prefix: str = "") -> list[str]:
    found: list[str] = []
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += [] if path.startswith("admin/") else _addresses(pattern.url_patterns, path)
        else:
            assert isinstance(pattern, URLPattern)
            found.append(path)
    return found


def test_no_address_is_missing_in_the_table() -> None:
    tried = {str(resolve(door.path.partition("?")[0]).route) for door in [*READ, *EDIT, *MANAGE, *SERVE, *OPEN]}
    # the first leads to the admin; the other has a test above
    assert set(_addresses(get_resolver().url_patterns)) - tried == {"", "projects"}
