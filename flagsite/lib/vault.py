"""Secrets that have to be read again, such as those that sign webhooks: sealed, so that the database alone tells none.

The key is derived (HKDF, RFC 5869) from `SECRET_KEY`. What was sealed under one of `SECRET_KEY_FALLBACKS` is still
read, so that the signing key can be changed. Keys of which a digest is enough do not belong here.
"""

import base64
from functools import lru_cache
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE: Final = b"flagsite.lib.vault"


class Sealed(Exception):
    """The text was sealed under a signing key that this installation no longer has."""


def seal(text: str) -> str:
    """Return the text encrypted and authenticated."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the text that was sealed.

    Raises:
        Sealed: when none of the signing keys opens it.
    """
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Sealed("This was sealed under another SECRET_KEY; put that one into SECRET_KEY_FALLBACKS.") from None


def resealed(sealed: str) -> str | None:
    """Return the same text sealed under the present signing key; None when it is so already, or cannot be opened."""
    try:
        _fernet_of(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        pass
    else:
        return None
    try:
        return seal(unseal(sealed))
    except Sealed:
        return None


def _fernet() -> MultiFernet:
    return MultiFernet([_fernet_of(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@lru_cache(maxsize=16)
def _fernet_of(signing_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(signing_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
