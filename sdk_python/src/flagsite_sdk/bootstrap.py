"""Reads the configuration that a program brings along, from a file or a document, into JSON bytes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from flagsite_sdk.errors import UnusableBootstrap


def read_bootstrap(bootstrap: str | Path | bytes | Mapping[str, Any]) -> bytes:
    """Return the snapshot's JSON; whether it is one is the engine's to say.

    Raises:
        UnusableBootstrap: the file cannot be read, or the document cannot be written as JSON.
    """
    if isinstance(bootstrap, bytes):
        return bootstrap
    if isinstance(bootstrap, Mapping):
        try:
            return msgspec.json.encode({"revision": 1, "flags": {}, "segments": {}, **bootstrap})
        except (TypeError, ValueError, RecursionError) as problem:
            raise UnusableBootstrap(f"the bootstrap document is not JSON: {problem}") from None
    try:
        return Path(bootstrap).read_bytes()
    except OSError as problem:
        raise UnusableBootstrap(f"the bootstrap file cannot be read: {problem}") from None
