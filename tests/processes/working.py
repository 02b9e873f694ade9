"""Run as a program: a Celery worker with two children, and beat; its metrics on the port it is given."""

import os
import sys

if __name__ == "__main__":
    schedule, port = sys.argv[1:]
    os.environ["WORKER_METRICS_PORT"] = port
    os.execvp(  # noqa: S606 - the worker takes this process's place
        sys.executable,
        [
            *(sys.executable, "-m", "celery", "-A", "flagsite", "worker", "--concurrency", "2"),
            *("--beat", "--schedule", schedule, "--loglevel", "warning"),
        ],
    )
