"""Users who check out, of whom some fail: what SDKs report of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from flagsite_sdk.engine.bucketing import bucket
from rest_framework.test import APIClient

Share = Callable[[bool], float]
"""Which share of the users fails, inside and outside."""

AT_ONCE = 1_000


def every(share: float) -> Callable[[int], bool]:
    """Return what picks this share of the numbers, evenly."""
    return lambda number: int(number * share) != int((number + 1) * share)


class Users:
    """Users of a flag with this salt, numbered; each checks out, and the stated share inside and outside fails."""

    def __init__(self, sdk: APIClient, salt: str) -> None:
        self._sdk = sdk
        self._salt = salt

    def check_out(
        self, numbers: range, *, at: datetime, percentage: float, failing: Share, seconds: Share | None = None
    ) -> None:
        """Report the users' check-outs at a moment at which the rollout was at a percentage."""
        events, seen = [], {True: 0, False: 0}
        for number in numbers:
            name = f"user-{number}"
            inside = bucket(self._salt, "rollout", name) < percentage * 1_000
            took = None if seconds is None else seconds(inside)
            events.append(event("checkout", name, at, took))
            if every(failing(inside))(seen[inside]):
                events.append(event("checkout-failed", name, at))
            seen[inside] += 1
        self.report(events)

    def report(self, events: list[dict[str, Any]]) -> None:
        for first in range(0, len(events), AT_ONCE):
            body = {
                "batch": str(uuid4()),
                "sdk": {"name": "shop", "version": "1", "instance": "shop-1"},
                "events": events[first : first + AT_ONCE],
            }
            response = self._sdk.post("/sdk/events", body)
            assert response.status_code == 202, response.content


def event(name: str, context_id: str, at: datetime, value: float | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "context_id": context_id,
        "time": at.isoformat(),
        **({} if value is None else {"value": value}),
    }
