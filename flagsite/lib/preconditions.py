"""Conditions in headers: `If-Match` for changes, `If-None-Match` for downloads, and whether gzip is welcome."""

from rest_framework.request import Request

from flagsite.lib.digits import number_of
from flagsite.lib.problems import StaleVersion


def version_wanted(request: Request) -> int | None:
    """Return the version that `If-Match` names, or None when any will do.

    Raises:
        StaleVersion: when the header names something that no version looks like.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header or header == "*":
        return None
    version = number_of(header.removeprefix("W/").strip('"'))
    if version is None:
        raise StaleVersion(f"If-Match names no version: {header[:100]}")
    return version


def is_held(if_none_match: str, etag: str) -> bool:
    """Tell whether `If-None-Match` names the entity tag; weakly (RFC 9110), as proxies that compress make it weak."""
    held = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return etag in held or held == ["*"]


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether `Accept-Encoding` names gzip and does not forbid it (`gzip;q=0`)."""
    for part in accept_encoding.lower().split(","):
        name, _, quality = part.replace(" ", "").partition(";q=")
        if name == "gzip":
            return quality.strip("0.") != "" or quality == ""
    return False


def etag_of(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'
