"""Who asks without a text `id` is refused, which is counted of the flags that were asked for; nobody is recorded."""

import logging
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Environment
from flags import recording
from flags.models import EvaluationCount, RecentContext, RecordedEvaluation
from flagsite.exposition import registry
from tests.flags.builders import make
from tests.scraping import Scrape

pytestmark = pytest.mark.django_db


def in_metrics(flag: str) -> float:
    found = Scrape(registry().collect())
    return found.value("flagsite_evaluation_errors_total", flag=flag, code="INVALID_CONTEXT", source="server")


def counted() -> dict[tuple[str, str], int]:
    recording.flush()
    return {(row.flag_key, row.error_code): row.count for row in EvaluationCount.objects.all()}


REST: list[Any] = [{}, {"id": 5}, {"id": None}]
OFREP: list[Any] = [[], {"targetingKey": 7}, {"targetingKey": None}]


@pytest.mark.parametrize("is_ofrep", [False, True])
def test_a_context_that_cannot_be_used_is_counted_of_its_flags_and_nobody_is_recorded(
    is_ofrep: bool, sdk: APIClient, production: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="flagsite.evaluations")
    recording.start_anew()
    make(production.project, "checkout")
    make(production.project, "banner", enabled=False)
    before = in_metrics("checkout")
    address = "/ofrep/v1/evaluate/flags" if is_ofrep else "/evaluate"
    for context in OFREP if is_ofrep else REST:
        one = (f"{address}/checkout", {}) if is_ofrep else (address, {"flag_key": "checkout"})
        assert sdk.post(one[0], {**one[1], "context": context}).status_code == 400
    assert sdk.post(address, {"context": {"targetingKey": 7, "id": 7}}).status_code == 400
    assert sdk.post("/evaluate", {"flag_key": "never", "context": {}}).status_code == 400
    wanted = {("checkout", "INVALID_CONTEXT"): 4, ("banner", "INVALID_CONTEXT"): 1, ("never", "FLAG_NOT_FOUND"): 1}
    assert counted() == wanted
    assert in_metrics("checkout") - before == 4
    assert not RecordedEvaluation.objects.exists()
    assert not RecentContext.objects.exists()
    assert [record for record in caplog.records if record.name == "flagsite.evaluations"] == []
