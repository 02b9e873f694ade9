"""`make bench`: Flagsite's SDK and engine beside the published SDKs, offline, in one run.

Exit status 1 when Flagsite misses the ratio to the best of the others in a row, or when a row or a peer could not be
measured (for then nobody knows who is the best of the others).
"""

import argparse
import sys
from pathlib import Path

from peers import NAMES
from report import complaints, page, tables
from rounds import run


def main() -> int:
    """Measure, print the tables, and say whether every budget is kept."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three short rounds instead of nine")
    parser.add_argument("--only", help=f"these peers, comma-separated, out of {', '.join(NAMES)}")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="keep the tables in this Markdown file")
    options = parser.parse_args()

    names = options.only.split(",") if options.only else NAMES
    rounds, seconds = (3, 0.01) if options.quick else (9, 0.03)
    results = run(names, rounds=rounds, seconds=seconds, say=lambda line: print(line, file=sys.stderr))
    print(tables(results))
    if options.write:
        options.write.parent.mkdir(parents=True, exist_ok=True)
        options.write.write_text(page(results, "make bench-write"))
    for complaint in complaints(results):
        print(complaint, file=sys.stderr)
    return 1 if complaints(results) else 0


if __name__ == "__main__":
    sys.exit(main())
