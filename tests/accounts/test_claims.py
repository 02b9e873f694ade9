"""What an OpenID provider says of somebody, as it is read; and its address."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.claims import Claims, read_claims, roles_for, roles_of_values
from accounts.roles import Role
from flagsite import env


@pytest.mark.parametrize("entry", ["staff", "staff=shop", "staff=shop:boss", "=shop:viewer", "staff=:viewer"])
def test_a_mapping_that_cannot_be_read_stops_the_start(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OIDC_ROLES"):
        roles_of_values([entry])


def test_a_group_may_have_an_equals_sign_in_its_name() -> None:
    mapping = roles_of_values(["cn=staff=shop:viewer"])
    claims = Claims(email="", verified=False, values=("cn=staff",))
    assert roles_for(claims, mapping) == {"shop": Role.VIEWER}


@pytest.mark.parametrize("groups", ["staff", ["staff"], ["staff", 7, None]])
def test_groups_are_a_list_or_a_text(groups: Any) -> None:
    assert read_claims({"groups": groups}, roles_claim="groups").values == ("staff",)


@pytest.mark.parametrize(("said", "verified"), [(True, True), ("true", True), ("false", False), (None, False)])
def test_verified_is_what_the_provider_says_so(said: Any, verified: bool) -> None:
    assert read_claims({"email_verified": said}, roles_claim="groups").verified is verified


@pytest.mark.parametrize("address", ["http://id.example.com", "id.example.com", "ftp://id.example.com"])
def test_a_provider_without_https_stops_the_start(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", address)
    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER"):
        env.issuer("OIDC_ISSUER")


def test_the_issuer_s_last_slash_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.com/realms/staff/")
    assert env.issuer("OIDC_ISSUER") == "https://id.example.com/realms/staff"
