"""A log line tells where something failed and by which kind of error, never in words that may quote an attribute."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from django.db import IntegrityError, OperationalError, connection
from django.test import Client

from flagsite.logs import logging_configuration

SECRET = "marked-secret-77c1"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the process's log handler writes from now on."""
    formatter = logging_configuration(level="DEBUG", as_json=True)["formatters"]["structured"]
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(**{k: v for k, v in formatter.items() if k != "()"}))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def handle(email: str) -> None:
    raise ValueError(f"cannot handle {email}")


def fail(email: str) -> None:
    """Fail for one reason, then for another."""
    try:
        handle(email)
    except ValueError as error:
        raise IntegrityError(f"DETAIL: Key ({email})") from error


@pytest.mark.parametrize("log", [logging.getLogger("elsewhere"), structlog.get_logger("flags")], ids=["theirs", "ours"])
def test_kinds_and_places_are_told_and_no_words(log: Any, written: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        fail(SECRET)
    except IntegrityError:
        log.exception("went_wrong")
    (line,) = written()
    told = line["exception"]
    assert SECRET not in json.dumps(line)
    assert told.index("\nValueError\n") < told.index("direct cause") < told.index("django.db.utils.IntegrityError")
    assert told.count("in fail\n") == 2
    assert 'raise ValueError(f"cannot handle {email}")' in told


def test_several_at_once_are_told_one_by_one(written: Callable[[], list[dict[str, Any]]]) -> None:
    both = ExceptionGroup(SECRET, [ValueError(SECRET), KeyError(SECRET)])
    logging.getLogger("elsewhere").error("went_wrong", exc_info=both)
    (line,) = written()
    assert (SECRET in json.dumps(line), line["exception"]) == (False, "ExceptionGroup\n  ValueError\n  KeyError")


def test_a_text_that_quotes_its_exception_names_the_kind(written: Callable[[], list[dict[str, Any]]]) -> None:
    error = ValueError(f"cannot handle {SECRET}")
    logging.getLogger("celery.app.trace").error("Task %s raised unexpected: %r", "failing", error, exc_info=error)
    (line,) = written()
    assert (line["event"], line["exception"]) == ("Task failing raised unexpected: ValueError", "ValueError")


def test_what_is_wrong_with_a_machine_is_told_in_its_words(written: Callable[[], list[dict[str, Any]]]) -> None:
    for error in (OperationalError("the database is starting up"), ConnectionRefusedError(111, "Connection refused")):
        logging.getLogger("elsewhere").error("went_wrong", exc_info=error)
    assert [line["exception"] for line in written()] == [
        "django.db.utils.OperationalError: the database is starting up",
        "ConnectionRefusedError: [Errno 111] Connection refused",
    ]


@pytest.mark.django_db
def test_a_value_that_the_database_refuses_is_in_no_line(written: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        connection.cursor().execute("SELECT %s::int", [SECRET])
    except Exception:
        logging.getLogger("elsewhere").exception("went_wrong")
    told = json.dumps(written())
    assert "InvalidTextRepresentation" in told
    assert SECRET not in told


def test_a_page_that_raises_is_logged_without_the_words(
    written: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flagsite.health.JsonResponse", lambda *_, **__: handle(SECRET))
    answer = Client(raise_request_exception=False).get("/healthz")
    assert answer.status_code == 500
    told = [line for line in written() if "exception" in line]
    assert {line["logger"] for line in told} >= {"django.request"}
    assert SECRET not in json.dumps(told)


def test_django_writes_none_itself() -> None:
    assert logging.getLogger("django").handlers == []
