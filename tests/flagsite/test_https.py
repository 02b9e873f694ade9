"""Only HTTPS, for installations that say so: what is answered then. How one says so: tests/processes."""

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings


@pytest.fixture
def https_only(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.django_db
@pytest.mark.usefixtures("https_only")
def test_plain_http_is_led_to_https_but_for_those_who_watch_the_process() -> None:
    answer = Client().get("/admin/login/?next=/admin/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "https://testserver/admin/login/?next=/admin/")
    assert [Client().get(path).status_code for path in ("/healthz", "/readyz", "/metrics")] == [200, 200, 200]


@pytest.mark.django_db
@pytest.mark.usefixtures("https_only")
def test_a_proxy_says_that_it_was_asked_by_https() -> None:
    answer = Client().get("/admin/login/", HTTP_X_FORWARDED_PROTO="https")
    assert (answer.status_code, answer.headers["Strict-Transport-Security"]) == (200, "max-age=3600")


def test_nothing_of_it_holds_where_nobody_asked_for_it() -> None:
    assert (configured.SECURE_SSL_REDIRECT, configured.SECURE_HSTS_SECONDS) == (False, 0)
    assert getattr(configured, "SECURE_PROXY_SSL_HEADER", None) is None
