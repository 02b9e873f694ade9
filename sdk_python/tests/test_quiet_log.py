"""The log tells what is wrong, and cannot be made to tell it a thousand times a second."""

import logging

import pytest
from flagsite_sdk import FlagClient
from flagsite_sdk.quiet_log import QuietLog

from sdk_python.tests.conftest import ALICE, Connect
from sdk_python.tests.server import Server


def test_keys_that_are_made_up_do_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client = FlagClient("http://flags.test", offline=True, bootstrap={})
    with caplog.at_level(logging.WARNING):
        for number in range(5_000):
            client.is_enabled(f"user-{number}", ALICE)
    assert 1 <= len(caplog.records) <= 1_000


def test_what_was_silent_is_said_when_the_minute_is_over(caplog: pytest.LogCaptureFixture) -> None:
    moments = [0.0]
    quiet = QuietLog(clock=lambda: moments[0])
    for number in range(2_000):
        quiet.warn(number, "%s", number)
    said = len(caplog.records)
    moments[0] = 59.0
    quiet.warn("new", "new")
    assert len(caplog.records) == said
    moments[0] = 61.0
    quiet.warn("new", "new")
    quiet.warn(0, "0")
    assert len(caplog.records) == said + 2


def test_requests_of_ours_are_no_news_and_those_of_others_are(
    connect: Connect, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """httpx logs every request as INFO: a line every ten seconds for each process that reports."""
    import httpx

    with caplog.at_level(logging.INFO, logger="httpx"):
        client = connect(stream=False, start_timeout=5)
        client.is_enabled("new-checkout", ALICE)
        assert client.flush()
        assert [record for record in caplog.records if record.name == "httpx"] == []
        httpx.get(f"{server.url}/sdk/config")
    assert [record.name for record in caplog.records if record.name == "httpx"] == ["httpx"]


def test_nobody_is_told_of_last_known_rules_where_there_are_none(
    connect: Connect, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.stop()
    connect(start_timeout=0.1)
    assert "defaults are served" in caplog.text
    assert "last-known" not in caplog.text
