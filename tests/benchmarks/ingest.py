"""How many reports of SDKs the server takes: `make bench-ingest`, on real PostgreSQL.

The load is 1,000 SDKs that report once a minute, each the few hundred flags with their variations that it evaluated in
that minute; between them all 50,000 series of 10,000 flags × 5 variations occur every minute. It measures what stands
behind `POST /sdk/events`: reading the JSON and taking the report, in as many processes as given, at full speed. A load
is held when a minute's reports are taken in well under a minute.
"""

import argparse
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

FLAGS, VARIATIONS, SDKS = 10_000, 5, 1_000
START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def bodies(sdks: range, minute: datetime, series_each: int) -> Iterator[bytes]:
    """Yield the reports of some SDKs for a minute: a part of all series, dealt so that each occurs, and popular."""
    import orjson

    dealt = FLAGS * VARIATIONS // SDKS
    dice = random.Random(f"{sdks.start} {minute}")  # noqa: S311 - the same load every time
    for sdk in sdks:
        own = range(sdk * dealt, (sdk + 1) * dealt)
        series = set(own)
        while len(series) < series_each:
            series.add(min(int(dice.paretovariate(0.3)), dice.randrange(FLAGS * VARIATIONS)))
        counts = [
            {
                "flag": f"flag-{number % FLAGS}",
                "variation": f"variation-{number // FLAGS}",
                "reason": "FALLTHROUGH",
                "count": dice.randrange(1, 1_000),
                "minute": minute.isoformat(),
            }
            for number in sorted(series)
        ]
        who = {"name": "flagsite-python", "version": "1.0.0", "instance": f"sdk-{sdk}", "revision": 7}
        batch = str(UUID(int=dice.getrandbits(128)))
        yield orjson.dumps({"batch": batch, "sdk": who, "counts": counts})


def report(sdks: range, minutes: int, series_each: int) -> list[tuple[float, int]]:
    """Take the reports of some SDKs, minute by minute; return for each minute the seconds and rows."""
    import django

    django.setup()
    from accounts.models import Environment
    from flags.api.reports import report_of
    from flags.services import receive_report

    environment = Environment.objects.select_related("project").get(key="production")
    found = []
    for number in range(minutes):
        ready = list(bodies(sdks, START + timedelta(minutes=number), series_each))
        began, rows = time.perf_counter(), 0
        for body in ready:
            read = report_of(body)
            rows += len(read.counts)
            receive_report(environment, read)
        found.append((time.perf_counter() - began, rows))
    return found


def main() -> None:
    """Make the shop, report, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=300, help="series that each SDK reports a minute (300)")
    parser.add_argument("--minutes", type=int, default=3, help="minutes that are reported (3)")
    parser.add_argument("--processes", type=int, default=2, help="that report at once (2)")
    asked = parser.parse_args()

    from tests import services

    services.start()
    os.environ["DJANGO_SETTINGS_MODULE"] = "flagsite.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from django.db.models import Sum

    call_command("migrate", verbosity=0)
    from accounts.actors import Actor
    from accounts.services import create_project
    from flags.models import EvaluationCount, Flag, HourCount
    from flags.services import open_environment, roll_up_counts

    by = Actor.system("load")
    project = create_project(key="shop", name="Shop", by=by)
    open_environment(project=project, key="production", name="Production", by=by)
    two = [{"key": f"variation-{number}", "value": str(number)} for number in range(VARIATIONS)]
    Flag.objects.bulk_create(
        Flag(project=project, key=f"flag-{n}", type="string", variations=two) for n in range(FLAGS)
    )
    connections.close_all()

    share = SDKS // asked.processes
    parts = [range(at * share, (at + 1) * share) for at in range(asked.processes)]
    with ProcessPoolExecutor(asked.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(report, parts, [asked.minutes] * len(parts), [asked.series] * len(parts)))
    for number, minute in enumerate(zip(*found, strict=True), 1):
        seconds, rows = max(took for took, _ in minute), sum(rows for _, rows in minute)
        print(  # noqa: T201 - what it is for
            f"minute {number}: {SDKS} batches with {rows:,} rows in {seconds:.1f} s: "
            f"{SDKS / seconds:,.0f} batches/s, {rows / seconds:,.0f} rows/s"
        )
    series = EvaluationCount.objects.count()
    total = EvaluationCount.objects.aggregate(total=Sum("count"))["total"]
    began = time.perf_counter()
    moved = roll_up_counts(minutes_kept=timedelta(0), hours_kept=timedelta(days=90), days_kept=timedelta(days=730))
    took = time.perf_counter() - began
    same = HourCount.objects.aggregate(total=Sum("count"))["total"] == total
    told = f"{series:,} rows were kept by the minute; {moved:,} were rolled up in {took:.1f} s; the sums agree: {same}"
    print(told)  # noqa: T201
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
