"""When a delivery that failed is tried again, and when it is given up. Pure.

Exponential back-off with full jitter: the wait is drawn evenly from zero to a bound that trebles, so that a receiver
which comes back is not met by everything at once. Source: Brooker, "Exponential Backoff and Jitter", AWS Architecture
Blog, 2015.
"""

import random
from datetime import timedelta
from typing import Final

MAX_ATTEMPTS: Final = 10
FIRST_BOUND: Final = timedelta(seconds=20)
LONGEST_BOUND: Final = timedelta(hours=12)
_FACTOR: Final = 3


def bound_after(attempts: int) -> timedelta | None:
    """Return how long the wait may be after so many failed attempts; None when there is no other."""
    if attempts >= MAX_ATTEMPTS:
        return None
    growth: int = _FACTOR ** (attempts - 1)
    return min(LONGEST_BOUND, FIRST_BOUND * growth)


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait, drawn anew on each call; None when it is given up."""
    bound = bound_after(attempts)
    return None if bound is None else bound * random.random()  # noqa: S311 - nobody gains by guessing it
