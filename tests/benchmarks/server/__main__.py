"""`make bench-server`: what an installation serves, each figure beside its budget, all measured in one run.

The load comes from the same machine and takes its share of it. Exit status 1 when a budget is missed.
"""

import argparse
import importlib
import os
import sys
from datetime import UTC, datetime
from typing import Final

from tests.benchmarks.server.figures import Figure, table_of
from tests.benchmarks.server.installation import start_services

PARTS: Final = ("evaluating", "downloading", "changing", "fanning_out", "storming", "memory", "desk")
"""The modules beside this one; each has `measure(*, seconds)`, which yields figures."""


def main() -> int:
    """Measure the parts that were asked for, and print the table."""
    parser = argparse.ArgumentParser(prog="make bench-server", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts, with commas between: {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=10.0, help="for which each load lasts (10)")
    options = parser.parse_args()
    start_services()
    figures: list[Figure] = []
    for name in options.only.split(","):
        part = importlib.import_module(f"tests.benchmarks.server.{name}")
        for figure in part.measure(seconds=options.seconds):
            figures.append(figure)
            sys.stdout.write(f"{figure.what}: {figure.got:.4g} {figure.unit}\n")
            sys.stdout.flush()
    now = datetime.now(UTC).date()
    sys.stdout.write(f"\n{table_of(figures)}\n\n{now}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    return 0 if all(figure.is_kept for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
