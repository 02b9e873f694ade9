"""Secrets sealed under the signing key: read by whoever has it or a later one that names it, by nobody else."""

import pytest
from pytest_django import Settings

from flagsite.lib.vault import Sealed, resealed, seal, unseal


def test_what_is_sealed_is_read_again_and_looks_otherwise() -> None:
    sealed = seal("whsec_ä")
    assert unseal(sealed) == "whsec_ä"
    assert "whsec" not in sealed
    assert seal("whsec_ä") != sealed


def test_a_changed_signing_key_reads_what_the_one_before_has_sealed(settings: Settings) -> None:
    sealed = seal("secret")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key"
    assert unseal(sealed) == "secret"
    fresh = resealed(sealed)
    assert fresh is not None
    settings.SECRET_KEY_FALLBACKS = []
    assert unseal(fresh) == "secret"
    assert resealed(fresh) is None


def test_without_the_key_it_stays_sealed(settings: Settings) -> None:
    sealed = seal("secret")
    settings.SECRET_KEY = "another key"
    with pytest.raises(Sealed, match="SECRET_KEY_FALLBACKS"):
        unseal(sealed)
    assert resealed(sealed) is None


@pytest.mark.parametrize("broken", ["", "secret", "gAAAAABk"])
def test_what_was_never_sealed_is_not_opened(broken: str) -> None:
    with pytest.raises(Sealed):
        unseal(broken)
