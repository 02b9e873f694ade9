"""The shared cases, decided by the server."""

from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from accounts.models import Environment
from flags import snapshots
from flags.evaluation import evaluate, explain
from flags.snapshots import holding
from flagsite.lib import clock
from flagsite.lib.problems import Refusal
from sdk_python.tests.engine.conformance import Case, cases

pytestmark = pytest.mark.django_db


def expected(case: Case) -> dict[str, Any]:
    return {"error": None, **case.expect}


def put(case: Case, production: Environment) -> None:
    """Let this process hold the case's environment in place of the one in the database."""
    holding(production.pk).engine.replace(orjson.dumps({**case.snapshot, "revision": production.revision}))


def test_the_server_answers_as_every_case_says(
    production: Environment, sdk: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = []
    for case in cases():
        monkeypatch.setattr(clock, "epoch", lambda case=case: case.now)
        snapshots.forget_all()
        put(case, production)
        found = evaluate(production, case.flag, case.context).evaluation
        answer: dict[str, Any] = {"error": found.error_code}
        if found.error_code is None:
            answer |= {"value": found.value, "variation": found.variation, "reason": found.reason, "rule": found.rule}
        if answer != expected(case):
            wrong.append((case.name, case.sentence, answer))
    assert wrong == []


def test_the_explanation_ends_where_the_decision_does(production: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    for case in cases():
        if not isinstance(case.context, dict) or not isinstance(case.context.get("id"), str):
            continue  # refused before anybody explains
        monkeypatch.setattr(clock, "epoch", lambda case=case: case.now)
        snapshots.forget_all()
        put(case, production)
        try:
            found = explain(production, case.flag, case.context)
            answer = {name: found[name] for name in ("value", "variation", "reason", "rule")}
        except Refusal as refusal:
            answer = {"error": refusal.code}
        if answer != case.expect:
            wrong.append((case.name, case.sentence, answer))
    assert wrong == []


def test_over_http_the_cases_of_precedence_are_answered_alike(
    production: Environment, sdk: APIClient, subtests: pytest.Subtests
) -> None:
    for case in cases():
        if case.name.startswith(("precedence", "gates", "splits")) and "error" not in case.expect:
            with subtests.test(case.sentence):
                snapshots.forget_all()
                put(case, production)
                body = {"flag_key": case.flag, "context": case.context}
                answer = sdk.post("/evaluate", orjson.dumps(body), content_type="application/json").json()
                assert {"rule": None, **answer}.items() >= case.expect.items()
