"""`If-Match`: change it only if it is still what the caller saw."""

from rest_framework.request import Request

from flagsite.lib.problems import StaleVersion


def version_wanted(request: Request) -> int | None:
    """Return the version that `If-Match` names, or None when any will do.

    Raises:
        StaleVersion: when the header names something that no version looks like.
    """
    header = request.headers.get("If-Match", "").strip()
    if not header or header == "*":
        return None
    text = header.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit()):
        raise StaleVersion(f"If-Match names no version: {header}")
    return int(text)


def etag_of(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'
