"""What SDKs download: the configuration of 1,000 flags, whole and when nothing is new."""

from collections.abc import Iterator

import httpx

from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import installation
from tests.benchmarks.server.load import load


def measure(*, seconds: float) -> Iterator[Figure]:
    """Ask one web process with two workers, as it is started by default."""
    with installation(flags=1_000) as site:
        web = site.web("--workers", "2")
        url = f"{web.url}/sdk/config"
        first = httpx.get(url, headers={"Authorization": f"Bearer {site.server_key}"}, timeout=30, trust_env=False)
        doors = (
            ("`GET /sdk/config`, 1,000 flags, 304", {"If-None-Match": first.headers["ETag"]}, 7_000),
            ("`GET /sdk/config`, 1,000 flags, whole, gzip", {"Accept-Encoding": "gzip"}, 5_000),
        )
        for what, headers, asked in doors:
            load(url, key=site.server_key, seconds=1, headers=headers)  # warms up
            came = load(url, key=site.server_key, seconds=seconds, headers=headers)
            if came.refused:
                raise SystemExit(f"{what}: {came.refused} were refused")
            yield Figure(what, came.rate, "requests/s", asked, p50_ms=came.p50_ms, p99_ms=came.p99_ms)
