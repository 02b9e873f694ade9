"""From which address a request came, and which headers are believed."""

import pytest
from auditlog.models import LogEntry
from django.test import Client, RequestFactory
from pytest_django import Settings

from flagsite.lib.client_address import address_of
from tests.conftest import Person

PROXIES = ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]


def asked(remote: str, forwarded: str | None = None) -> str | None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return address_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


def test_without_trusted_proxies_nobody_else_is_believed(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = []
    assert asked("198.51.100.7", "203.0.113.9") == "198.51.100.7"
    assert asked("", "203.0.113.9") is None


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("10.1.1.1", "203.0.113.9", "203.0.113.9"),
        ("10.1.1.1", "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        ("10.1.1.1", "1.2.3.4, 203.0.113.9, 10.2.2.2", "203.0.113.9"),
        ("192.0.2.1", "2001:db8::7", "2001:db8::7"),
        ("fd00::1", "203.0.113.9", "203.0.113.9"),
        ("203.0.113.50", "1.2.3.4", "203.0.113.50"),
        ("10.1.1.1", None, "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("10.1.1.1", "10.3.3.3", "10.3.3.3"),
        ("10.1.1.1", "<script>", "10.1.1.1"),
        ("10.1.1.1", "203.0.113.9, '; DROP TABLE", "10.1.1.1"),
        ("10.1.1.1", "203.0.113.9:4711", "10.1.1.1"),
        ("10.1.1.1", "fe80::1%eth0", "fe80::1"),
        ("10.1.1.1", "x" * 10_000, "10.1.1.1"),
        ("10.1.1.1", ",,,", "10.1.1.1"),
        ("garbage", "203.0.113.9", None),
    ],
)
def test_behind_trusted_proxies_the_last_stranger_is_the_client(
    settings: Settings, remote: str, forwarded: str | None, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    assert asked(remote, forwarded) == address


def test_a_platform_may_say_it_in_a_header_of_its_own(settings: Settings) -> None:
    settings.TRUSTED_PROXIES, settings.CLIENT_ADDRESS_HEADER = PROXIES, "Fly-Client-IP"
    headers = {"Fly-Client-IP": "203.0.113.9", "X-Forwarded-For": "203.0.113.9, 198.51.100.1"}
    assert address_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.1.1.1")) == "203.0.113.9"


@pytest.mark.django_db
def test_a_garbage_header_neither_costs_the_write_nor_is_stored(ed: Person, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["127.0.0.0/8"]
    for number, forwarded in enumerate(("<script>", "fe80::1%eth0", "203.0.113.9, nonsense", "\x7f", "' OR 1=1")):
        body = {"key": f"segment-{number}"}
        response = ed.client().post("/segments", body, headers={"X-Forwarded-For": forwarded})
        assert response.status_code == 201
        entry = LogEntry.objects.latest("pk")
        assert entry.remote_addr == ("fe80::1" if "fe80" in forwarded else "127.0.0.1")


def test_the_log_has_the_address_that_the_audit_log_has(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for proxies, address in (([], "127.0.0.1"), (["127.0.0.0/8"], "203.0.113.9")):
        settings.TRUSTED_PROXIES = proxies
        caplog.clear()
        Client().get("/healthz", headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.9"})
        lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
        assert {line["ip"] for line in lines if "ip" in line} == {address}
