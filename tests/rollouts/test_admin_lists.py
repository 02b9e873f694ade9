"""Every list of the admin asks the database as often for many rows as for few, whatever apps add to it later."""

from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import Actor
from accounts.models import Environment, Project
from accounts.roles import Role
from accounts.services import (
    create_project,
    create_user,
    grant_role,
    invite,
    issue_api_token,
    issue_server_key,
)
from flags.editing.edits import FlagEdit
from flags.models import EvaluationCount, TrackedEvent
from flags.services import open_environment, propose
from flagsite.lib import clock
from rollouts.services import save_ramp_template, start_ramp
from rollouts.services.notices import create_mail_notice, create_webhook, send_test
from segments.services import create_segment
from tests.conftest import SYSTEM, Person
from tests.desk import Desk
from tests.flags.builders import make, state_of

pytestmark = pytest.mark.django_db

STEPS = [{"percentage": 5}]


def something_happens(shop: Project, production: Environment, number: int, by: Actor) -> None:
    """Add a row to every list there is, of a person of its own where the list tells who it was."""
    name, moment = f"row-{number}", clock.now()
    project = create_project(key=name, name=name, by=SYSTEM)
    open_environment(project=project, key="live", name="Live", by=SYSTEM)
    user = create_user(username=name, password="correct horse battery", by=SYSTEM)
    grant_role(user=user, role=Role.EDITOR, project=shop, by=SYSTEM)
    flag = make(shop, name, tags=[name], owner=name)
    make(shop, f"ramped-{number}")
    start_ramp(project=shop, environment=production, key=f"ramped-{number}", steps=STEPS, by=SYSTEM)
    save_ramp_template(project=shop, key=name, steps=STEPS, by=SYSTEM)
    create_segment(project=shop, key=name, fields={"included": [name]}, by=SYSTEM)
    version = {"production": state_of(flag, production).version}
    edit = FlagEdit(name, states={"production": {"enabled": False}}, versions=version)
    propose(project=shop, edits=[edit], by=SYSTEM)
    issue_server_key(environment=production, name=name, by=SYSTEM)
    issue_api_token(user=user, name=name, by=SYSTEM)
    invite(email=f"{name}@shop.example", roles={shop: Role.VIEWER}, by=by)
    hook, _ = create_webhook(project=shop, fields={"name": name, "address": "https://hooks.example.com/"}, by=SYSTEM)
    create_mail_notice(project=shop, fields={"name": name, "addresses": [f"{name}@shop.example"]}, by=SYSTEM)
    send_test(hook, by=SYSTEM)
    counted: Any = {"flag_key": name, "variation": "on", "minute": moment, "count": 1}
    EvaluationCount.objects.create(environment=production, **counted)
    TrackedEvent.objects.create(environment=production, name="purchase", context_id=name, time=moment)


def test_every_list_takes_as_many_queries_for_many_as_for_few(
    sam: Person, shop: Project, production: Environment, subtests: pytest.Subtests
) -> None:
    desk = Desk(sam)
    pages = [f"{model._meta.app_label}_{model._meta.model_name}" for model in site._registry]

    def cost(page: str) -> tuple[int, int]:
        desk.rows(page)  # what is read once in a process
        with CaptureQueriesContext(connection) as captured:
            rows = desk.rows(page)
        return len(rows), len(captured)

    for number in range(2):
        something_happens(shop, production, number, sam.actor)
    few = {page: cost(page) for page in pages}
    for number in range(2, 7):
        something_happens(shop, production, number, sam.actor)
    for page, (rows, queries) in few.items():
        with subtests.test(page):
            more, cost_of_more = cost(page)
            assert more >= rows + 5, "nothing was added to this list"
            assert cost_of_more == queries
