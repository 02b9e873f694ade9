"""How long from the first harm to its end: `make bench-response`, on real PostgreSQL, Redis, SDKs and Prometheus.

The same as tests/processes/test_guardrails.py, several times over: a shop of three services with 150 users a second, of
whom 40 % fail inside and 5 % outside; half of them are let in at once.
"""

import argparse
import statistics
import tempfile
from pathlib import Path


def main() -> None:
    """Do harm again and again, and say how long it lasted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--by", choices=("events", "prometheus"), default="events", help="what finds it (events)")
    parser.add_argument("--runs", type=int, default=10, help="how often (10)")
    parser.add_argument("--check", type=int, default=10, help="GUARDRAIL_CHECK_SECONDS (10, the default)")
    parser.add_argument("--flush", type=float, default=10.0, help="the SDK's flush_interval (10, the default)")
    asked = parser.parse_args()

    from tests import services

    services.start()
    from tests.processes.harm import BY_EVENTS, BY_PROMETHEUS, Watched

    guardrail = BY_EVENTS if asked.by == "events" else BY_PROMETHEUS
    with tempfile.TemporaryDirectory(prefix="flagsite-harm-") as directory:
        watched = Watched(Path(directory), flags=asked.runs, check_seconds=asked.check)
        found = []
        try:
            for number in range(asked.runs):
                response = watched.respond(f"flag-{number:04}", guardrail, flush_interval=asked.flush, within=120)
                found.append(response)
                told = f"{number + 1}: found after {response.found_after:.1f} s, off after {response.off_after:.1f} s"
                print(f"{told}; {response.users}", flush=True)  # noqa: T201 - what it is for
        finally:
            watched.site.close()
    for what, seconds in (
        ("found", [response.found_after for response in found]),
        ("off", [response.off_after for response in found]),
        ("from found to off", [response.off_after - response.found_after for response in found]),
    ):
        print(f"{what}: median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s")  # noqa: T201


if __name__ == "__main__":
    main()
