"""An OpenID provider that runs beside the tests, and somebody whom it knows."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from pytest_django import Settings

from tests.accounts.openid_browser import Provider
from tests.accounts.openid_provider import CLIENT, SECRET
from tests.conftest import Person


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """The provider's address, while it runs."""
    command = [sys.executable, "-m", "tests.accounts.openid_provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.terminate()


@pytest.fixture(autouse=True)
def _cache_of_its_own(settings: Settings) -> None:
    """Codes and keys that one test uses are none of another's, which may run at the same time."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid4().hex}}


@pytest.fixture
def provider(issuer: str, settings: Settings) -> Provider:
    """The provider as an installation knows it that has set OIDC_ISSUER and so on."""
    settings.OIDC_ISSUER = issuer
    settings.OIDC_NAME = "Example ID"
    app = {"provider_id": "oidc", "name": "Example ID", "client_id": CLIENT, "secret": SECRET}
    app["settings"] = {"server_url": issuer}  # type: ignore[assignment]  # the others are texts
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    return Provider(issuer)


@pytest.fixture
def vi_at_example(vi: Person, provider: Provider) -> Person:
    """Vi, whose address the provider has verified."""
    vi.user.email = "Vi@example.com"
    vi.user.save()
    provider.expects("sub-vi", "vi@example.com")
    return vi
