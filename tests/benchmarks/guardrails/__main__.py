"""`make bench-guardrails`: run the simulation, print the tables; with --write, keep them in the documentation.

Exit status 1 when harmless ramps were rolled back significantly more often than stated (the lower end of the interval
is above the stated share), or right splits taken for wrong ones.
"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rollouts.statistics import SPLIT_ERROR
from tests.benchmarks.guardrails.intervals import clopper_pearson
from tests.benchmarks.guardrails.plot import plot
from tests.benchmarks.guardrails.ramp import FALSE_ALARMS
from tests.benchmarks.guardrails.report import report
from tests.benchmarks.guardrails.runs import Runs, Sizes, run_all

SEED: Final = 20_261_122
PAGE: Final = Path("docs/explanation/guardrail-statistics.md")
PICTURE: Final = Path("docs/images/guardrail-power.svg")
BEGIN, END = "<!-- simulation: begin -->", "<!-- simulation: end -->"


def main() -> int:
    """Run, print, write if asked to, and say whether the promise is kept."""
    parser = argparse.ArgumentParser(prog="make bench-guardrails", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few ramps, to see that everything runs")
    parser.add_argument("--write", action="store_true", help=f"keep tables in {PAGE}, the picture in {PICTURE}")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=None, help="as many as there are processors")
    options = parser.parse_args()
    began = time.perf_counter()
    runs = run_all(Sizes.quick() if options.quick else Sizes(), seed=options.seed, processes=options.processes)
    text = report(runs)
    took = time.perf_counter() - began
    sys.stdout.write(f"{text}\nSeed {options.seed}, {took:.0f} s.\n")
    if options.write:
        _write(runs, text, seed=options.seed)
    return 0 if _keeps_its_promise(runs) else 1


def _keeps_its_promise(runs: Runs) -> bool:
    peaks = [
        ([one.peak for one in runs.harmless], FALSE_ALARMS),
        ([one.peak for one in runs.nervous], FALSE_ALARMS),
        ([one.split_peak for one in runs.harmless], SPLIT_ERROR),
    ]
    return all(clopper_pearson(sum(peak >= 1 / stated for peak in of), len(of))[0] <= stated for of, stated in peaks)


def _write(runs: Runs, text: str, *, seed: int) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    made = f"Made by `make bench-guardrails ARGS=--write` on {datetime.now(UTC):%-d %B %Y}, seed {seed}."
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n\n{text}\n{END}{after}")
    PICTURE.write_text(plot(runs))


if __name__ == "__main__":
    sys.exit(main())
