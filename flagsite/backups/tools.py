"""PostgreSQL's own programs: found, judged by their version, run. The only place that starts a process for a backup."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.core.management import CommandError

NAMES: Final = ("pg_dump", "pg_restore", "psql")
_DEBIAN: Final = Path("/usr/lib/postgresql")
"""Where Debian keeps them, in a directory for each version."""


def directory_of_tools(server_major: int) -> Path:
    """Return a directory with programs that are not older than the server; the first on PATH that has them.

    Raises:
        CommandError: naming what to install, and what was found.
    """
    found: list[str] = []
    for directory in _directories():
        if any(shutil.which(name, path=str(directory)) is None for name in NAMES):
            continue
        major = _major(directory / "pg_dump")
        if major is not None and major >= server_major:
            return directory
        found.append(f"version {major} in {directory}")
    raise CommandError(
        f"The server is PostgreSQL {server_major}: {', '.join(NAMES)} of version {server_major} or newer are needed. "
        f"Install them (Debian: postgresql-client-{server_major}) or put them on PATH. "
        f"Found: {'; '.join(found) or 'none'}."
    )


def _directories() -> Iterator[Path]:
    yield from map(Path, os.get_exec_path())
    yield from sorted(_DEBIAN.glob("*/bin"), reverse=True)


def _major(program: Path) -> int | None:
    asked = subprocess.run(  # noqa: S603 - found on PATH, like everything that an operator runs
        [program, "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    version = re.search(r"\) (\d+)", asked.stdout)
    return int(version[1]) if version else None


def failed(program: str, said: bytes) -> CommandError:
    """Return the error for a program that ended badly, with the last of what it said."""
    lines = said.decode(errors="replace").strip().splitlines()
    return CommandError(f"{program} failed: {' '.join(lines[-3:]) or 'it said nothing'}")
