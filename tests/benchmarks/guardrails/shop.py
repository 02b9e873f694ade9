"""A made-up shop: users who come back, some much more often than others, and who fail again when they do.

Nothing here is well-behaved on purpose. How often users come is log-normal, how easily they fail as well, one in two
hundred fails half of the time, half of those who fail try again at once and fail again, the error rate of everybody
goes up and down, and now and then there is an outage. Only one thing is as the statistics need it: the bucket of a user
is the engine's, with a random salt.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import pi, sin
from random import Random
from typing import Final

from flagsite_sdk.engine.bucketing import bucket

BURST: Final = 500
"""Visits during which the error rate stays the same."""

STUCK: Final = 0.005
"""The share of users who fail half of the time."""

RELOADS: Final = 0.5
"""How many of those who fail try again at once, and fail again."""

CROWDS: Final = 16
"""How many different crowds there are; which of its users a ramp lets in is another for each."""

OUTAGES: Final = 0.02
"""The share of bursts with five times the errors."""


@dataclass(frozen=True)
class Burst:
    """Who came, and who of them failed, in order; with those who tried again at once."""

    visits: list[int]
    failures: list[int]


@dataclass(frozen=True)
class Crowd:
    """Users by number: how often they come, added up, and how easily they fail."""

    comes: list[float]
    fails: list[float]


@lru_cache(maxsize=2 * CROWDS)
def crowd(number: int, *, users: int, error_rate: float) -> Crowd:
    """Return one of the crowds that a ramp may meet; making one takes as long as a third of a ramp."""
    luck = Random(f"{number} {users} {error_rate}")  # noqa: S311 - to be repeated
    comes = accumulate(luck.lognormvariate(0, 1) for _ in range(users))
    fails = (
        0.5 if luck.random() < STUCK else error_rate * luck.lognormvariate(-0.5, 1)  # 1 in the mean
        for _ in range(users)
    )
    return Crowd(list(comes), list(fails))


class Shop:
    """A crowd with its buckets for one flag.

    Args:
        luck: decides everything.
        error_rate: how many visits fail, roughly, if the flag changes nothing.
        ratio: how many times as often a visit of somebody inside fails.
        lost: the share of users of whom nothing is heard while they are inside.
        users: how many there are.
    """

    def __init__(self, luck: Random, *, error_rate: float, ratio: float, lost: float, users: int) -> None:
        self._luck = luck
        self._ratio = ratio
        self._lost = frozenset(user for user in range(users) if luck.random() < lost) if lost else frozenset()
        salt = f"{luck.getrandbits(32):08x}"
        first = luck.getrandbits(40)
        self.buckets = [bucket(salt, "rollout", f"user-{first + number}") for number in range(users)]
        self._everybody = range(users)
        self._crowd = crowd(luck.randrange(CROWDS), users=users, error_rate=error_rate)
        self._tide = luck.random()

    def bursts(self, visits: int, *, inside: int) -> Iterator[Burst]:
        """Let so many visits happen while the buckets below `inside` are inside."""
        fails = [
            chance * self._ratio if its < inside else chance
            for chance, its in zip(self._crowd.fails, self.buckets, strict=True)
        ]
        chance = self._luck.random
        for _ in range(visits // BURST):
            self._tide += BURST / 30_000
            level = 1 + 0.5 * sin(2 * pi * self._tide)
            if chance() < OUTAGES:
                level *= 5
            came = self._luck.choices(self._everybody, cum_weights=self._crowd.comes, k=BURST)
            if self._lost:
                came = [user for user in came if self.buckets[user] >= inside or user not in self._lost]
            failures = [user for user in came if chance() < fails[user] * level]
            again = failures
            while again := [user for user in again if chance() < RELOADS]:
                failures = failures + again
                came = came + again
            yield Burst(came, failures)
