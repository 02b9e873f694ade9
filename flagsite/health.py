"""Whether this process is alive, and whether it is ready to be asked."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from accounts.models import Environment
from flags.snapshots import snapshot_of


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer as soon as the process runs: restart it when it does not."""
    del request
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database answers, no migration is missing and snapshots can be loaded; else 503."""
    del request
    checks = {"database": _database, "migrations": _migrations, "snapshot": _snapshot}
    failed = {}
    for name, check in checks.items():
        try:
            problem = check()
        except Exception as error:  # noqa: BLE001 - whatever fails, the answer is: not ready
            problem = type(error).__name__
        if problem:
            failed[name] = problem
            break  # what comes next stands on it
    return JsonResponse({"status": "not ready" if failed else "ready", "failed": failed}, status=503 if failed else 200)


def _database() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return None


def _migrations() -> str | None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} not applied" if missing else None


def _snapshot() -> str | None:
    environment = Environment.objects.first()
    if environment is not None:
        snapshot_of(environment)
    return None
