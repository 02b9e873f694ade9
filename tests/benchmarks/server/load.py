"""HTTP load by wrk (https://github.com/wg/wrk), which takes little of the machine for itself."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Final

_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Load:
    """What came of it."""

    rate: float
    """Requests a second."""
    p50_ms: float
    p99_ms: float
    refused: int
    """Answers that were neither 2xx nor 3xx."""


def load(
    url: str,
    *,
    key: str,
    seconds: float,
    script: str = "",
    connections: int = 16,
    headers: dict[str, str] | None = None,
) -> Load:
    """Ask without a pause over so many connections; `script` is a text in Lua."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("The load comes from wrk: install it (Debian: apt-get install wrk)")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        given = {"Authorization": f"Bearer {key}", **(headers or {})}
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "-s", file.name]
        for name, value in given.items():
            command += ["-H", f"{name}: {value}"]
        said = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    return _read(said)


def _read(said: str) -> Load:
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Load(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=_time(said, "50%"),
        p99_ms=_time(said, "99%"),
        refused=int(refused[1]) if refused else 0,
    )


def _time(said: str, share: str) -> float:
    number = float(_found(rf"{share}\s+([\d.]+)[a-z]", said))
    return number * _UNITS[_found(rf"{share}\s+[\d.]+([a-z]+)", said)]


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    if match is None:
        raise SystemExit(f"wrk said something else:\n{said}")
    return match[1]
