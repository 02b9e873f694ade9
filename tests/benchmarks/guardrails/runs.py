"""Many ramps, and what came of them. Each ramp has its own luck, made of the seed, its plan and its number."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Final

from tests.benchmarks.guardrails.ramp import Outcome, Plan, run_ramp

SHOP: Final = Plan()
RATIOS: Final = (1.2, 1.5, 2.0, 3.0, 5.0, 10.0)
LOST: Final = (0.02, 0.05, 0.1, 0.2)
BUSY: Final = replace(SHOP, visits=60_000, users=60_000)
BUSY_RATIOS: Final = (1.2, 1.5)


@dataclass(frozen=True)
class Sizes:
    """How many ramps of each sort there are."""

    harmless: int = 2_000
    nervous: int = 1_000
    harmful: int = 300
    busy: int = 100
    lost: int = 200

    @classmethod
    def quick(cls) -> "Sizes":
        """Enough to see that everything runs, not to tell anything."""
        return cls(harmless=60, nervous=40, harmful=15, busy=4, lost=10)


@dataclass(frozen=True)
class Runs:
    """What came of all of them; the harmful ones by their risk ratio, the others by the share of users that is lost."""

    harmless: Sequence[Outcome]
    nervous: Sequence[Outcome]
    harmful: Mapping[float, Sequence[Outcome]]
    busy: Mapping[float, Sequence[Outcome]]
    lost: Mapping[float, Sequence[Outcome]]


def run_all(sizes: Sizes, *, seed: int, processes: int | None = None) -> Runs:
    """Run everything, in several processes where the machine has them; the result depends on the seed alone."""
    with ProcessPoolExecutor(processes or os.cpu_count()) as pool:

        def many(plan: Plan, count: int) -> Sequence[Outcome]:
            return list(pool.map(partial(one_ramp, plan, seed), range(count), chunksize=10))

        return Runs(
            harmless=many(SHOP, sizes.harmless),
            nervous=many(replace(SHOP, is_nervous=True), sizes.nervous),
            harmful={ratio: many(replace(SHOP, ratio=ratio), sizes.harmful) for ratio in RATIOS},
            busy={ratio: many(replace(BUSY, ratio=ratio), sizes.busy) for ratio in BUSY_RATIOS},
            lost={lost: many(replace(SHOP, lost=lost), sizes.lost) for lost in LOST},
        )


def one_ramp(plan: Plan, seed: int, number: int) -> Outcome:
    """Run one ramp; a harmful one ends with its alarm."""
    is_harmful = plan.ratio != 1 or plan.lost > 0
    return run_ramp(plan, Random(f"{seed} {plan} {number}"), stop_at_alarm=is_harmful)  # noqa: S311 - to be repeated
