"""Typed readers of the process environment: the only place that reads `os.environ`.

A value that cannot be read stops the process at start, naming the variable; nothing falls back silently.
"""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from flagsite.metric_files import own_directory
from flagsite.secret_managers import Secrets, SecretsUnavailable, secrets_from

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off", ""})
_LOCAL: Final = frozenset({("http", "localhost"), ("http", "127.0.0.1"), ("http", "::1")})


def text(name: str, default: str = "") -> str:
    """Return the variable's text, or `default` when it is unset."""
    return os.environ.get(name, default)


def secret(name: str, *, is_needed: bool = False) -> str:
    """Return a secret: the variable, else the file that NAME_FILE names, else what the secrets manager holds.

    Without one of those that are needed an installation runs all the same, by itself: one that names a manager means to
    have them from there.

    Raises:
        ImproperlyConfigured: when the file cannot be read or is empty, or the manager that SECRETS_FROM names gives
            nothing, or nothing of what is needed.
    """
    given = os.environ.get(name)
    if given is not None:
        return given
    file = os.environ.get(f"{name}_FILE")
    if file is not None:
        try:
            found = Path(file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: {file} cannot be read: {type(error).__name__}") from None
        if not found:
            raise ImproperlyConfigured(f"{name}_FILE: {file} is empty")
        return found
    managed = _managed().current.get(name, "")
    if is_needed and not managed and os.environ.get("SECRETS_FROM"):
        raise ImproperlyConfigured(f"SECRETS_FROM: there is no {name} in it")
    return managed


def secret_before(name: str) -> list[str]:
    """Return the secret as it was before its last rotation, when the secrets manager knows of one.

    Raises:
        ImproperlyConfigured: when the manager does not give its earlier versions.
    """
    if os.environ.get(name) is not None or os.environ.get(f"{name}_FILE") is not None:
        return []  # the manager does not rotate this one
    try:
        before = _managed().before(name)
    except SecretsUnavailable as error:
        raise ImproperlyConfigured(f"SECRETS_FROM: {error}") from None
    return [before] if before else []


def _managed() -> Secrets:
    try:
        return secrets_from(os.environ.get("SECRETS_FROM", ""), region=os.environ.get("AWS_REGION"))
    except SecretsUnavailable as error:
        raise ImproperlyConfigured(f"SECRETS_FROM: {error}") from None


def boolean(name: str, *, default: bool) -> bool:
    """Return true for 1/true/yes/on and false for 0/false/no/off, in any case.

    Raises:
        ImproperlyConfigured: for any other text.
    """
    raw = os.environ.get(name)
    if raw is None:
        return default
    value = raw.strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}")


def integer(name: str, *, default: int, least: int = 0) -> int:
    """Return a whole number of at least `least`.

    Raises:
        ImproperlyConfigured: when it is not a whole number or too small.
    """
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}") from None
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {value}")
    return value


def secret_listing(name: str) -> list[str]:
    """Return the comma-separated parts of a secret, trimmed, without empty ones."""
    return _parts(secret(name))


def listing(name: str, default: str = "") -> list[str]:
    """Return the comma-separated, trimmed, non-empty parts."""
    return _parts(text(name, default))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def networks(name: str) -> list[str]:
    """Return the comma-separated networks, such as `10.0.0.0/8`, checked.

    Raises:
        ImproperlyConfigured: when one of them is none.
    """
    listed = listing(name)
    for entry in listed:
        try:
            ip_network(entry, strict=False)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} must be a list of networks: {error}") from None
    return listed


def issuer(name: str) -> str:
    """Return the address of an OpenID provider without a slash at its end, or nothing when it is unset.

    Raises:
        ImproperlyConfigured: when it is not `https`; plain `http` is for this machine only.
    """
    address = text(name).strip().rstrip("/")
    parts = urlsplit(address)
    if address and parts.scheme != "https" and (parts.scheme, parts.hostname) not in _LOCAL:
        raise ImproperlyConfigured(f"{name} must be an https address, not {address!r}")
    return address


def path(name: str, default: Path) -> Path:
    """Return an absolute path."""
    raw = os.environ.get(name)
    return Path(raw).absolute() if raw else default


def metrics_directory(name: str) -> Path | None:
    """Return where this service's processes share their metrics, or None when each has its own.

    prometheus_client reads the variable itself as soon as it is imported: it is told of the service's own directory.
    """
    raw = os.environ.get(name)
    if not raw:
        return None
    shared = Path(raw).absolute()
    own = shared if shared.name.startswith("service-") else own_directory(shared)  # a child is told by its parent
    os.environ[name] = str(own)
    return own


def unless_set(name: str, value: str) -> str:
    """Set a variable for a library that reads the environment by itself, unless the operator has; return it."""
    return os.environ.setdefault(name, value)


def inherited(**added: str) -> dict[str, str]:
    """Return the environment for a program that we start: our own, and what is added."""
    return {**os.environ, **added}
