"""The desk of a large shop: how long a person waits for its pages, by the clock.

2,000 flags in 5 environments, 10,000 contexts seen lately. One person asks for one page after another, as people do;
what is compared with the budget is the median. The tests only guard these budgets with slack, as other programs may
run beside them: here they are held.
"""

import json
import statistics
import time
from collections.abc import Iterator
from typing import Final

import httpx

from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import cpu_seconds, database_cpu_seconds, installation

FLAGS: Final = 2_000
WARMING: Final = 6
"""Times that each page is asked for before: enough for both workers."""
LEAST: Final = 20
"""Times that it is asked for at least, however short the load shall be."""
PAGES: Final = {
    "list": (f"the list of {FLAGS:,} flags in 5 environments, first page", 200),
    "flag": ("a flag's page there", 300),
    "review": ("the review of a change against 10,000 recent contexts", 1_000),
    "sorted list": ("the list, sorted by when flags were changed", 200),
}
"""By the name that the seeding gives a page, what it is and how many milliseconds it may take."""


def measure(*, seconds: float) -> Iterator[Figure]:
    """Ask one web process with two workers, as it is started by default."""
    with installation(flags=0) as site:
        told = json.loads(site.run("-m", "tests.benchmarks.server.large_desk", str(FLAGS)))
        web = site.web("--workers", "2")
        name, value = told["session"]
        with httpx.Client(base_url=web.url, cookies={name: value}, timeout=30, trust_env=False) as person:
            for page, (what, asked) in PAGES.items():
                for _ in range(WARMING):
                    _ask(person, told["pages"][page])
                before = cpu_seconds(web) + database_cpu_seconds(site)
                took = _asked_for(person, told["pages"][page], seconds)
                used = cpu_seconds(web) + database_cpu_seconds(site) - before
                p99 = statistics.quantiles(took, n=100, method="inclusive")[-1]
                p50 = statistics.median(took)
                yield Figure(what, p50, "ms", asked, at_least=False, p50_ms=p50, p99_ms=p99)
                yield Figure(f"{what}: CPU of web and PostgreSQL each", used * 1e3 / len(took), "ms")


def _asked_for(person: httpx.Client, address: str, seconds: float) -> list[float]:
    """Ask for a page again and again; return the milliseconds of each, its last byte among them."""
    took: list[float] = []
    end = time.perf_counter() + seconds
    while len(took) < LEAST or time.perf_counter() < end:
        took.append(_ask(person, address))
    return took


def _ask(person: httpx.Client, address: str) -> float:
    begin = time.perf_counter()
    answer = person.get(address)
    took = time.perf_counter() - begin
    if answer.status_code != httpx.codes.OK:
        raise SystemExit(f"{address} answered {answer.status_code}")
    return took * 1e3
