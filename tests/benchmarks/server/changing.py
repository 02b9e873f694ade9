"""Changing flags over REST: how many changes a second one environment takes, and whether its size matters.

Every request is a change (the revisions are counted), made by an editor, of another flag each time. All of them want
the one environment's lock, and each commit waits for the disk.
"""

from collections.abc import Iterator
from typing import Final

from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import cpu_seconds, database_cpu_seconds, installation
from tests.benchmarks.server.load import Load, load
from tests.processes.site import Process, Site

FLAGS: Final = (100, 10_000)
CONNECTIONS: Final = 8
ASKED: Final = 150
ASKED_RATIO: Final = 0.9
"""Of the rate with few flags, what is left with many: less would say that their number matters."""

CHANGE: Final = """
wrk.method = "PATCH"
wrk.headers["Content-Type"] = "application/json"
local number = 0
request = function()
  local flag, turn = number %% %(flags)d, math.floor(number / %(flags)d)
  number = number + 1
  local path = string.format("/flags/flag-%%04d?project=shop&environment=production", flag)
  local body = '{"rollout_percentage": %%.1f, "comment": "Turn %%d"}'
  return wrk.format(nil, path, nil, string.format(body, (turn + %(first)d) %% 1000 / 10, turn))
end
"""


def measure(*, seconds: float) -> Iterator[Figure]:
    """Ask one web process with two workers, as it is started by default."""
    rates = {}
    for flags in FLAGS:
        with installation(flags=flags) as site:
            web = site.web("--workers", "2")
            _change(site, web, flags=flags, first=0, seconds=1)  # warms up
            used = _used(site, web)
            came = _change(site, web, flags=flags, first=500, seconds=seconds)
            used = [now - before for before, now in zip(used, _used(site, web), strict=True)]
        rates[flags] = came.rate
        what = f"`PATCH /flags/…`, one of {flags:,}"
        yield Figure(what, came.rate, "changes/s", ASKED, p50_ms=came.p50_ms, p99_ms=came.p99_ms)
        for process, cpu in zip(("web", "PostgreSQL", "Redis"), used, strict=True):
            yield Figure(f"{what}: CPU of {process} each", cpu / came.rate / seconds * 1e3, "ms")
    few, many = FLAGS
    yield Figure(f"changes/s, {many:,} flags ÷ {few:,} flags", rates[many] / rates[few], "×", ASKED_RATIO)


def _used(site: Site, web: Process) -> list[float]:
    """Return the CPU seconds so far of all who do the work."""
    return [cpu_seconds(web), database_cpu_seconds(site), cpu_seconds(site.redis)]


def _change(site: Site, web: Process, *, flags: int, first: int, seconds: float) -> Load:
    """Change flags in turn; fails unless every answer was a change."""
    before = _revision(site)
    script = CHANGE % {"flags": flags, "first": first}
    came = load(web.url, key=site.seeded["editor_token"], seconds=seconds, script=script, connections=CONNECTIONS)
    made = _revision(site) - before
    if came.refused or made < came.rate * seconds * 0.99:
        raise SystemExit(f"{came.refused} changes were refused, {made} of {came.rate * seconds:.0f} were made")
    return came


def _revision(site: Site) -> int:
    ((revision,),) = site.rows("SELECT revision FROM accounts_environment")
    return int(revision)
