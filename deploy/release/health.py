"""Whether what was released is well, as its users would find it: /readyz, several times in a row."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence


def is_ready(address: str, *, seconds: float = 5.0) -> bool:
    """Tell whether the address answers 200."""
    try:
        with urllib.request.urlopen(f"{address.rstrip('/')}/readyz", timeout=seconds) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)  # noqa: PLR2004 - OK
    except (OSError, ValueError):
        return False


def becomes_well(
    addresses: Sequence[str],
    *,
    within: float,
    in_a_row: int,
    pause: float,
    ask: Callable[[str], bool] = is_ready,
) -> bool:
    """Tell whether all addresses answer so many times in a row before the time is over."""
    deadline, found = time.monotonic() + within, 0
    while time.monotonic() < deadline:
        found = found + 1 if all(ask(address) for address in addresses) else 0
        if found == in_a_row:
            return True
        time.sleep(pause)
    return False
