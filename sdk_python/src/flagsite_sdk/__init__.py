"""Flagsite's Python SDK: decides feature flags from memory, kept fresh over a WebSocket.

::

    from flagsite_sdk import FlagClient

    with FlagClient("http://localhost:8000", api_key="fs_srv_…") as client:
        client.is_enabled("new-checkout", {"id": "user-123", "country": "US"})

Names are loaded with their first use: the server imports ``flagsite_sdk.engine`` and pays for nothing else.
"""

import importlib
from typing import TYPE_CHECKING, Any

from flagsite_sdk.version import __version__

if TYPE_CHECKING:
    from flagsite_sdk.client import FlagClient
    from flagsite_sdk.configuration import Change
    from flagsite_sdk.engine.result import ErrorCode, Evaluation, Reason
    from flagsite_sdk.errors import FlagsiteError, InvalidSettings, UnusableBootstrap
    from flagsite_sdk.measurements import Measurement
    from flagsite_sdk.settings import Settings
    from flagsite_sdk.status import Source, State, Status

__all__ = [
    "Change",
    "ErrorCode",
    "Evaluation",
    "FlagClient",
    "FlagsiteError",
    "InvalidSettings",
    "Measurement",
    "Reason",
    "Settings",
    "Source",
    "State",
    "Status",
    "UnusableBootstrap",
    "__version__",
]

_HOMES = {
    "Change": "configuration",
    "ErrorCode": "engine.result",
    "Evaluation": "engine.result",
    "FlagClient": "client",
    "FlagsiteError": "errors",
    "InvalidSettings": "errors",
    "Measurement": "measurements",
    "Reason": "engine.result",
    "Settings": "settings",
    "Source": "status",
    "State": "status",
    "Status": "status",
    "UnusableBootstrap": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
