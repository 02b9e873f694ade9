"""Which known vulnerabilities the packages have that constraints.txt pins: `python -m deploy.vulnerabilities`.

pip-audit asks the advisories of the Python Packaging Authority, by way of PyPI. Where a mirror without advisories
stands in for it, or there is no network, pip-audit passes over what it could not ask: here that is said, and with
`--must-reach`, which CI gives, it is a failure.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

OK: Final = 0
VULNERABLE: Final = 1
NOT_REACHED: Final = 3
COMMAND: Final = (
    *(sys.executable, "-m", "pip_audit"),
    *(
        "--disable-pip",
        "--no-deps",
        "--requirement",
        "constraints.txt",
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ),
)


@dataclass(frozen=True)
class Verdict:
    """What was found, in lines, and how many packages nothing is known of."""

    found: tuple[str, ...]
    asked: int
    not_asked: int

    @property
    def lines(self) -> Iterator[str]:
        """Yield what to print."""
        yield from self.found
        if self.not_asked:
            yield f"{self.not_asked} packages could not be asked for: the database of advisories was not reached."
        yield f"{self.asked} packages were asked for, {len(self.found)} known vulnerabilities."

    def status(self, *, must_reach: bool) -> int:
        """Return the program's exit status."""
        if self.found:
            return VULNERABLE
        return NOT_REACHED if must_reach and (self.not_asked or not self.asked) else OK


def judge(report: dict[str, Any] | None) -> Verdict:
    """Read pip-audit's report; None when it wrote none, because it reached nobody."""
    packages = report["dependencies"] if report else []
    asked = [package for package in packages if "skip_reason" not in package]
    found = tuple(
        f"{package['name']} {package['version']}: {each['id']}, fixed in {', '.join(each['fix_versions']) or 'none'}"
        for package in asked
        for each in package["vulns"]
    )
    return Verdict(found, len(asked), len(packages) - len(asked) or int(not packages))


def main() -> int:
    """Ask, print and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--must-reach", action="store_true", help="fail where the advisories cannot be asked for")
    options = parser.parse_args()
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)  # noqa: S603 - a constant
    try:
        verdict = judge(json.loads(done.stdout))
    except ValueError:
        sys.stderr.write(done.stderr[-500:])
        verdict = judge(None)
    sys.stdout.writelines(f"{line}\n" for line in verdict.lines)
    return verdict.status(must_reach=options.must_reach)


if __name__ == "__main__":
    sys.exit(main())
