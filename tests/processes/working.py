"""Run as a program: a Celery worker with two children, and beat if it has a place for a schedule; a metrics port."""

import os
import sys

if __name__ == "__main__":
    schedule, port = sys.argv[1:]
    os.environ["WORKER_METRICS_PORT"] = port
    os.execvp(  # noqa: S606 - the worker takes this process's place
        sys.executable,
        [
            *(sys.executable, "-m", "celery", "-A", "flagsite", "worker", "--concurrency", "2"),
            *(["--beat", "--schedule", schedule] if schedule else []),
            *("--loglevel", "warning"),
        ],
    )
