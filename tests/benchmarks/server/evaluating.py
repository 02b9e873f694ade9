"""Deciding flags over HTTP: one of 100, all 100, and the same by OFREP; everything is recorded, as by default."""

from collections.abc import Iterator
from typing import Final

from tests.benchmarks.server.figures import Figure
from tests.benchmarks.server.installation import installation
from tests.benchmarks.server.load import load

ASK: Final = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local number = 0
request = function()
  number = number + 1
  return wrk.format(nil, nil, nil, string.format([[%s]], number %% 50000))
end
"""
"""Another person each time: of 50,000."""
_CONTEXT: Final = '"context": {"%s": "user-%%d", "country": "US", "plan": "pro"}'

DOORS: Final = (
    ("`POST /evaluate`, one flag of 100", "/evaluate", '{"flag_key": "flag-0042", ' + _CONTEXT % "id" + "}", 5_000),
    ("`POST /evaluate`, all 100 flags", "/evaluate", "{" + _CONTEXT % "id" + "}", 4_000),
    ("OFREP, one flag", "/ofrep/v1/evaluate/flags/flag-0042", "{" + _CONTEXT % "targetingKey" + "}", 5_000),
    ("OFREP, all 100 flags", "/ofrep/v1/evaluate/flags", "{" + _CONTEXT % "targetingKey" + "}", 4_000),
)


def measure(*, seconds: float) -> Iterator[Figure]:
    """Ask each door of one web process with two workers, as it is started by default."""
    with installation(flags=100) as site:
        web = site.web("--workers", "2")
        for what, path, body, asked in DOORS:
            script = ASK.replace("%s", body).replace("%%", "%")
            load(web.url + path, key=site.server_key, seconds=1, script=script)  # warms up
            came = load(web.url + path, key=site.server_key, seconds=seconds, script=script)
            if came.refused:
                raise SystemExit(f"{what}: {came.refused} were refused")
            yield Figure(what, came.rate, "requests/s", asked, p50_ms=came.p50_ms, p99_ms=came.p99_ms)
