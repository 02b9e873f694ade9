"""The short road keeps within limits, and says so."""

import logging
from typing import Any

import orjson
import pytest
from pytest_django import Settings

from accounts import rates
from accounts.models import Environment
from accounts.services import issue_server_key
from flags.serving import callers as callers_module
from flags.serving.callers import Callers
from flagsite.lib import client_address
from flagsite.lib.ready_lines import ReadyLine
from tests.conftest import SYSTEM
from tests.flags.serving.conftest import ANN, EVALUATE, Ask, Site

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock_of_limits_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "monotonic", lambda: 1_000.0)


def test_a_key_that_asks_too_often_is_told_when_to_come_back(site: Site, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = 1
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    statuses = [site.answer(ask).status for _ in range(4)]
    assert (statuses[0], statuses[-1], site.asked_django) == (200, 429, 0)
    assert site.answer(ask) == site.answer(ask, by_django=True)


def test_the_line_of_an_evaluation_names_the_request_as_its_caller_does_in_bounds(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="flagsite.evaluations")
    ask = Ask("one flag", EVALUATE, {"flag_key": "sale", "context": ANN})
    for more in ({"HTTP_X_REQUEST_ID": "order-7"}, {"HTTP_X_REQUEST_ID": "x" * 5_000}, {}, {}):
        site.answer(ask._replace(more=more))
    lines = [orjson.loads(record.line) for record in caplog.records if isinstance(record, ReadyLine)]
    named, long, *ours = [line["request_id"] for line in lines]
    assert (named, len(long), len(set(ours))) == ("order-7", 200, 2)
    assert {line["ip"] for line in lines} == {"127.0.0.1"}


def test_a_request_that_is_left_to_django_is_counted_once_against_its_key(site: Site, settings: Settings) -> None:
    settings.SERVER_KEY_RATE = 2  # and at once, what it may ask in two seconds
    ask = Ask("no such flag", EVALUATE, {"flag_key": "nope", "context": ANN})
    assert [site.answer(ask).status for _ in range(5)] == [404, 404, 404, 404, 429]


def test_headers_that_anybody_can_make_long_are_not_remembered(site: Site, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.1/32"]
    client_address._nearest.cache_clear()
    ask = Ask("all flags", EVALUATE, {"context": ANN})
    for number in range(10):
        assert site.answer(ask._replace(more={"HTTP_X_FORWARDED_FOR": f"203.0.113.{number}, " * 100})).status == 200
    assert client_address._nearest.cache_info().currsize == 0


def test_of_very_many_callers_the_first_are_forgotten(site: Site, monkeypatch: Any, production: Environment) -> None:
    monkeypatch.setattr(callers_module, "MAX_KNOWN_CALLERS", 2)
    callers = Callers(now=lambda: 0.0)
    for _ in range(4):
        key = str(issue_server_key(environment=production, name="test", by=SYSTEM)[1])
        assert callers.of(f"Bearer {key}", address=None)
        assert callers.of(f"bearer   {key}", address=None)
    assert len(callers._known) == 2


def test_a_body_without_an_end_is_refused(site: Site, monkeypatch: Any) -> None:
    monkeypatch.setattr("flags.serving.front.MAX_BYTES", 100)
    monkeypatch.setattr("flagsite.lib.json_body.MAX_BYTES", 100)
    more = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    assert site.answer(Ask("all flags", EVALUATE, {"context": {"id": "x" * 200}}, more=more)).status == 413
