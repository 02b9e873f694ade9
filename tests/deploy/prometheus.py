"""A real Prometheus, on a running Flagsite with our configuration and rules or on something else. Debian's package."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from tests.ports import free_port, wait_for_port

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"
needs_prometheus = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="needs Debian's package `prometheus` (.ci/run and workflows install it)",
)


def promtool_finds(
    directory: Path,
    series: Mapping[str, str],
    expression: str,
    samples: Sequence[tuple[str, float]],
    *,
    rules: Sequence[Path] = (),
) -> None:
    """Let promtool ask after 59 minutes of these series, a sample a minute; fails unless it finds these samples."""
    document = {
        "rule_files": [str(each) for each in rules],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {
                        "expr": expression,
                        "eval_time": "59m",
                        "exp_samples": [{"labels": labels, "value": value} for labels, value in samples],
                    }
                ],
            }
        ],
    }
    file = directory / "case.yml"
    file.write_text(json.dumps(document))  # JSON is YAML
    command = ["promtool", "test", "rules", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def as_prometheus_reads_it(expression: str, *, interval: str = "1m") -> str:
    """Fill in what Grafana fills in: all projects, all environments, and over which time a rate is taken."""
    for written, meant in (("$__rate_interval", interval), ("$project", ".*"), ("$environment", ".*")):
        expression = expression.replace(written, meant)
    assert "$" not in expression
    return expression


def ours(targets: dict[str, int]) -> str:
    """Our configuration for these ports, scraping every second: a test cannot wait for a quarter of a minute."""
    text = (CONFIGURATION / "prometheus.yml").read_text().replace("15s", "1s")
    for written, port in targets.items():
        assert written in text
        text = text.replace(written, f"127.0.0.1:{port}")
    return text


class Prometheus:
    """One server, with our rules beside its configuration."""

    def __init__(self, directory: Path, *, configuration: str, port: int = 0) -> None:
        self._directory = directory
        self._port = port or free_port()
        (directory / "prometheus.yml").write_text(configuration)
        shutil.copy(CONFIGURATION / "flagsite.rules.yml", directory)
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = ["prometheus", f"--config.file={self._directory / 'prometheus.yml'}"]
        command += [f"--storage.tsdb.path={self._directory / 'data'}", f"--web.listen-address=127.0.0.1:{self._port}"]
        with (self._directory / "log").open("wb") as log:
            self._running = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for_port(self._port, within=30)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._running is not None
        self._running.terminate()
        self._running.wait(timeout=20)

    def ask(self, expression: str) -> list[float]:
        """The values that the expression has now, one for each series; what is no number is left out."""
        data = self._get("query", query=expression)
        rows = data["result"] if data["resultType"] == "vector" else [{"value": data["result"]}]
        values = [float(row["value"][1]) for row in rows]
        return [value for value in values if value == value]  # noqa: PLR0124 - NaN is not equal to itself

    def rules(self) -> list[dict[str, Any]]:
        """Every alert, with how its last evaluation went."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **params: str) -> Any:
        url = f"http://127.0.0.1:{self._port}/api/v1/{what}"
        answer = httpx.get(url, params=params, timeout=10, trust_env=False)
        assert answer.status_code == 200, f"{params}: {answer.text}"
        return answer.json()["data"]
