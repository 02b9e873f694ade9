"""Decides with Flagsite and with the product before it, serves one of them, and logs where they differ.

Knows no product: the one before is a function. Set in the environment of the program:

FLAGSITE_SERVES  which flags Flagsite serves: `none` (the default), `all`, or keys with commas between
FLAGS_COMPARED   `no` asks only the one that serves; anything else asks both
"""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from flagsite_sdk import FlagClient

LOGGER = logging.getLogger("flags.both")

LOGGED_EVERY = 60.0
"""Seconds between two lines about one flag."""

Before = Callable[..., Any]
"""Called with the flag's name there, the context, the default, and what the caller gave besides."""


class Both:
    """Two sources of flags, of which one serves.

    Args:
        flagsite: Flagsite's client.
        before: the product before it; see the guide of the product. It may raise: its caller gets the default then.
        names: what flags were called there, by their keys here; the same unless named.
        environ: where the two settings are read from.
    """

    def __init__(
        self,
        flagsite: FlagClient,
        before: Before,
        *,
        names: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.flagsite = flagsite
        self.compared: Counter[tuple[str, bool]] = Counter()
        self._before = before
        self._names = names or {}
        self._served = frozenset(environ.get("FLAGSITE_SERVES", "none").split(","))
        self._compares = environ.get("FLAGS_COMPARED", "yes") != "no"
        self._logged: dict[str, float] = {}

    def is_served_by_flagsite(self, flag_key: str) -> bool:
        """Whether Flagsite's decision is the one that counts."""
        return "all" in self._served or flag_key in self._served

    def is_enabled(self, flag_key: str, context: Mapping[str, Any], **asking: Any) -> bool:
        """Return whether a boolean flag is on."""
        return self.evaluate(flag_key, context, False, **asking) is True

    def evaluate(self, flag_key: str, context: Mapping[str, Any], default: Any = None, **asking: Any) -> Any:
        """Return a flag's value from the one that serves it.

        What Flagsite has no decision for (an unknown flag, no configuration yet) is served by the one before.
        """
        by_flagsite = self.is_served_by_flagsite(flag_key)
        if not by_flagsite and not self._compares:
            return self._ask_before(flag_key, context, default, asking)
        here = self.flagsite.evaluate_detail(flag_key, context, default)
        if by_flagsite and not self._compares and here.error_code is None:
            return here.value
        before = self._ask_before(flag_key, context, default, asking)
        self._compare(flag_key, context, before, here)
        return here.value if by_flagsite and here.error_code is None else before

    def _ask_before(self, flag_key: str, context: Mapping[str, Any], default: Any, asking: Mapping[str, Any]) -> Any:
        try:
            return self._before(self._names.get(flag_key, flag_key), context, default, **asking)
        except Exception:
            LOGGER.exception("The product before Flagsite raised for %r", flag_key)
            return default

    def _compare(self, flag_key: str, context: Mapping[str, Any], before: Any, here: Any) -> None:
        is_same = here.error_code is None and here.value == before
        self.compared[flag_key, is_same] += 1
        now = time.monotonic()
        if is_same or now - self._logged.get(flag_key, -LOGGED_EVERY) < LOGGED_EVERY:
            return
        self._logged[flag_key] = now
        # the id finds the reason: GET /flags/{key}/audit?user_id=…; leave it out if logs may not hold ids
        LOGGER.warning(
            "%s differs for %r: %r before, %r here (%s)",
            flag_key,
            context.get("id"),
            before,
            here.value,
            here.error_code or " ".join(filter(None, (here.reason, here.rule))),
        )
