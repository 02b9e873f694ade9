"""Programs beside the web: SDKs that print what they see, Celery with its beat."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.ports import eventually
from tests.processes.site import ROOT, Site


class Program:
    """A Python module that runs with the installation's environment and prints into a file."""

    def __init__(self, site: Site, *arguments: str, log: Path) -> None:
        self._log = log
        with log.open("wb") as out, log.with_suffix(".err").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=site.environment,
                cwd=ROOT,
                stdout=out,
                stderr=errors,
                start_new_session=True,
            )

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(timeout=20)

    def sees(self, wanted: Callable[[dict[str, Any]], bool], *, within: float = 15.0) -> dict[str, Any]:
        """Wait until what was printed last is as wanted, and return it."""
        eventually(lambda: (last := self._last()) and wanted(last), within=within, what=f"seen; {self._said()[-500:]}")
        return self.latest()

    def sees_only(self, variation: str, *groups: str) -> None:
        """Wait until everybody in these groups gets the variation."""
        self.sees(lambda seen: all(set(seen[group]) == {variation} for group in groups))

    def latest(self) -> dict[str, Any]:
        """Return what was printed last."""
        return self._last() or {}

    def _last(self) -> dict[str, Any] | None:
        lines = self._said().splitlines()
        assert self._process.poll() is None, lines
        found: dict[str, Any] | None = json.loads(lines[-1]) if lines else None
        return found

    def _said(self) -> str:
        return self._log.read_text(errors="replace").rpartition("\n")[0]
