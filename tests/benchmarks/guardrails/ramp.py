"""One ramp through the shop, watched after each failure that counts: how much evidence there was, and when an alarm."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from rollouts.statistics import SPLIT_ERROR, Tally, evidence, evidence_needed, split_evidence
from tests.benchmarks.guardrails.naive import ZTest
from tests.benchmarks.guardrails.shop import BURST, Burst, Shop

FALSE_ALARMS: Final = 0.01
NERVOUS: Final = 2.0
"""The evidence at which a nervous person steps back."""

MOST_STEPS_BACK: Final = 3


@dataclass(frozen=True)
class Plan:
    """The percentages, and how many visits there are at each."""

    visits: int = 12_000
    users: int = 12_000
    percentages: Sequence[float] = (1, 10, 50, 100)
    error_rate: float = 0.02
    ratio: float = 1.0
    lost: float = 0.0
    is_nervous: bool = False


@dataclass(frozen=True)
class Alarm:
    """When it came: after so many visits, users seen, users who failed, and users who failed inside."""

    percentage: float
    visits: int
    users: int
    failed: int
    failed_inside: int


@dataclass
class Outcome:
    """What was seen of a ramp.

    A share of false alarms of 1/peak, or more, would have raised an alarm; likewise `split_peak`. The alarms of z-tests
    are the visits after which they came. `split_found_at` is the percentage at which the split was found to be wrong.
    """

    peak: float = 0.0
    split_peak: float = 0.0
    split_found_at: float | None = None
    alarm: Alarm | None = None
    naive_users: int | None = None
    naive_visits: int | None = None
    naive_users_at_the_end: bool = False
    naive_visits_at_the_end: bool = False
    steps_back: int = 0


def run_ramp(plan: Plan, luck: Random, *, stop_at_alarm: bool = False) -> Outcome:
    """Run a ramp from its first percentage to its last, and return what was seen."""
    shop = Shop(luck, error_rate=plan.error_rate, ratio=plan.ratio, lost=plan.lost, users=plan.users)
    watcher = Watcher(shop, plan.percentages[0])
    for number, percentage in enumerate(plan.percentages):
        if number:
            watcher.move(percentage)
        visits = plan.visits if percentage < 100 else plan.visits // 10  # where nothing can be compared, a few will do
        for burst in watcher.shop.bursts(visits, inside=watcher.inside):
            found = watcher.watch(burst)
            if stop_at_alarm and watcher.has_alarm:
                return watcher.outcome
            if plan.is_nervous and found >= NERVOUS and number and watcher.outcome.steps_back < MOST_STEPS_BACK:
                watcher.outcome.steps_back += 1
                for back in (plan.percentages[number - 1], percentage):
                    watcher.move(back)
                    for another in watcher.shop.bursts(plan.visits // 4, inside=watcher.inside):
                        watcher.watch(another)
        watcher.finish_stage()
    return watcher.outcome


class Watcher:
    """Looks at a ramp as a guardrail would; `outcome` is what it has seen so far."""

    def __init__(self, shop: Shop, percentage: float) -> None:
        self.shop = shop
        self.outcome = Outcome()
        self.failed, self.came = Tally(percentage), Tally(percentage)
        self._percentage = percentage
        self._visits = 0
        self._users_seen: set[int] = set()
        self._users_failed: set[int] = set()
        self._by_users, self._by_visits = ZTest(FALSE_ALARMS), ZTest(FALSE_ALARMS)
        self._seen_here: set[int] = set()
        self._failed_here: set[int] = set()

    @property
    def inside(self) -> int:
        """The first bucket that is outside."""
        return self.came.comparison.high

    @property
    def has_alarm(self) -> bool:
        """Whether anything would have stopped the ramp."""
        return self.outcome.alarm is not None or self.outcome.split_found_at is not None

    def move(self, percentage: float) -> None:
        """Another percentage is in force."""
        self._percentage = percentage
        self.failed.move(percentage)
        self.came.move(percentage)
        self._by_users.forget()
        self._by_visits.forget()
        self._seen_here, self._failed_here = set(), set()

    def watch(self, burst: Burst) -> float:
        """Take in what happened, looking after each failure that counts; return the evidence at the end."""
        self._visits += BURST
        self._see(burst.visits)
        found = 1.0
        for user in burst.failures:
            if self._fail(user, self.shop.buckets[user]):
                found = self._look()
        self._look_naively()
        return found

    def finish_stage(self) -> None:
        """Take the one look for which a z-test is made; it is kept of the last stage that can be compared."""
        if self._percentage < 100:
            self.outcome.naive_users_at_the_end = self._by_users.is_alarm()
            self.outcome.naive_visits_at_the_end = self._by_visits.is_alarm()

    def _see(self, visits: list[int]) -> None:
        buckets, inside = self.shop.buckets, self.inside
        insiders = sum([buckets[user] < inside for user in visits])
        self._by_visits.seen[True] += insiders
        self._by_visits.seen[False] += len(visits) - insiders
        newcomers = set(visits) - self._seen_here
        self._seen_here |= newcomers
        self._users_seen |= newcomers
        for user in newcomers:
            self._by_users.seen[buckets[user] < inside] += 1
            self.came.note(user, buckets[user])
        found = split_evidence(self.came.stages)
        needed = evidence_needed(SPLIT_ERROR, epoch=self.came.comparison.epoch)
        self.outcome.split_peak = max(self.outcome.split_peak, found / (SPLIT_ERROR * needed))
        if found >= needed and self.outcome.split_found_at is None:
            self.outcome.split_found_at = self._percentage

    def _fail(self, user: int, bucket: int) -> bool:
        is_inside = bucket < self.inside
        self._users_failed.add(user)
        self._by_visits.bad[is_inside] += 1
        if user not in self._failed_here:
            self._failed_here.add(user)
            self._by_users.bad[is_inside] += 1
        return self.failed.note(user, bucket)

    def _look(self) -> float:
        found = evidence(self.failed.stages)
        needed = evidence_needed(FALSE_ALARMS, epoch=self.failed.comparison.epoch)
        self.outcome.peak = max(self.outcome.peak, found / (FALSE_ALARMS * needed))
        if found >= needed and self.outcome.alarm is None:
            failed = len(self._users_failed)
            inside = sum(self.shop.buckets[user] < self.inside for user in self._users_failed)
            self.outcome.alarm = Alarm(self._percentage, self._visits, len(self._users_seen), failed, inside)
        return found

    def _look_naively(self) -> None:
        if self.outcome.naive_users is None and self._by_users.is_alarm():
            self.outcome.naive_users = self._visits
        if self.outcome.naive_visits is None and self._by_visits.is_alarm():
            self.outcome.naive_visits = self._visits
