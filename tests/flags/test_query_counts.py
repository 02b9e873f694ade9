"""What a request costs the database: the same, however many flags there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.models import Flag, FlagState, FlagTag
from flags.snapshots import snapshot_of
from tests.conftest import Person
from tests.flags.builders import PRODUCTION, boolean, change, create

pytestmark = pytest.mark.django_db

KEY_AND_SCOPE = 2
"""The key and whose it is; the environment in a project that they may see."""
READ_UNDER_THE_LOCK = 5
"""That they may edit; the environment and the flag, to lock them; the flag's state; the digest before."""
WRITTEN = 5
"""The state, the audit log, the revision, what it is about, the environment's number."""
READ_FOR_THE_ANSWER = 1
"""The flag's tags."""


def more_flags(project: Project, number: int) -> None:
    """Add disabled flags by rows, with a tag each."""
    start = Flag.objects.count()
    variations = [{"key": "on", "value": True}, {"key": "off", "value": False}]
    flags = Flag.objects.bulk_create(
        Flag(project=project, key=f"flag-{start + n}", type="boolean", variations=variations) for n in range(number)
    )
    FlagTag.objects.bulk_create(FlagTag(flag=flag, name="ops") for flag in flags)
    environments = list(project.environments.all())
    FlagState.objects.bulk_create(
        FlagState(flag=flag, environment=each, salt="s", off_variation="off", fallthrough={"variation": "on"})
        for flag in flags
        for each in environments
    )


def queries(client: APIClient, method: str, path: str, body: object = None) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = getattr(client, method)(path, body)
    assert response.status_code < 300, response.content
    return len([each for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def test_a_list_costs_the_same_for_three_and_for_thirty(ed: Person, shop: Project) -> None:
    create(ed, boolean())
    client = ed.client()
    client.get("/flags")
    costs = []
    for number in (2, 27):
        more_flags(shop, number)
        costs.append(queries(client, "get", "/flags?search=flag&tag=ops"))
    assert costs[0] == costs[1] <= 9


def test_a_page_of_history_costs_the_same_for_three_and_for_thirty(ed: Person) -> None:
    create(ed, boolean())
    client = ed.client()
    client.get("/flags")
    costs = []
    for number in (3, 30):
        for percentage in range(number):
            change(ed, "checkout", rollout_percentage=percentage + 50)
        costs.append(queries(client, "get", f"/flags/checkout/history{PRODUCTION}"))
    assert costs[0] == costs[1] <= 8


def test_a_decision_costs_the_key_and_nothing_else(ed: Person, sdk: APIClient, shop: Project) -> None:
    create(ed, boolean())
    sdk.post("/evaluate", {"context": {"id": "ann"}})
    assert queries(sdk, "post", "/evaluate", {"flag_key": "checkout", "context": {"id": "ann"}}) == 1
    assert queries(sdk, "post", "/evaluate", {"context": {"id": "ann"}}) == 1
    assert queries(sdk, "get", "/sdk/config") == 1


def test_after_a_change_a_decision_costs_the_deltas_that_are_missing(ed: Person, sdk: APIClient) -> None:
    create(ed, boolean())
    sdk.post("/evaluate", {"context": {"id": "ann"}})
    change(ed, "checkout", enabled=False)
    assert queries(sdk, "post", "/evaluate", {"context": {"id": "ann"}}) == 2
    assert queries(sdk, "post", "/evaluate", {"context": {"id": "ann"}}) == 1


def test_a_change_costs_the_same_however_many_flags_there_are(
    ed: Person, sdk: APIClient, shop: Project, production: Environment
) -> None:
    create(ed, boolean())
    client = ed.client()
    costs = []
    for number in (4, 495):
        more_flags(shop, number)
        change(ed, "checkout", enabled=False)
        costs.append(queries(client, "patch", f"/flags/checkout{PRODUCTION}&project=shop", {"enabled": True}))
    assert costs[0] == costs[1] <= KEY_AND_SCOPE + READ_UNDER_THE_LOCK + WRITTEN + READ_FOR_THE_ANSWER


def test_prerequisites_cost_a_change_one_question_more_however_many(ed: Person) -> None:
    for key in ("login", "search"):
        create(ed, boolean(key))
    create(ed, boolean())
    costs = []
    for required in ([], ["login"], ["login", "search"]):
        change(ed, "checkout", enabled=False, prerequisites=[{"flag": key, "variation": "on"} for key in required])
        costs.append(queries(ed.client(), "patch", f"/flags/checkout{PRODUCTION}", {"enabled": True}))
    assert costs == [costs[0], costs[0] + 1, costs[0] + 1]


def test_one_change_in_a_large_environment_composes_one_flag(
    ed: Person, sdk: APIClient, shop: Project, production: Environment
) -> None:
    create(ed, boolean())
    more_flags(shop, 50)
    sdk.get("/sdk/config")
    change(ed, "checkout", enabled=False)
    production.refresh_from_db()
    with CaptureQueriesContext(connection) as captured:
        update = snapshot_of(production).since(2)
    assert ("flags_flagstate" in str(captured.captured_queries), len(captured)) == (False, 1)
    assert b"flag-1" not in update.body
