"""Where the processes of one service keep the metrics that they share.

Several processes behind one port (granian's workers, Celery's children) can only be added up by way of files. Processes
of different services (web, stream, worker) must not be: each is scraped by itself. A service is a process group: its
directory is named by the group's leader and by when that was started, so that a later one of the same number begins
anew. Directories of services that are gone are removed by the next that starts.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

_FIRST: Final = 3
_STARTED: Final = 22
"""Fields of /proc/<pid>/stat: the state, and when the process was started, in ticks since boot (proc(5))."""


def own_directory(shared: Path) -> Path:
    """Return the directory of the service that this process belongs to, made if need be; remove those of dead ones."""
    leader = os.getpgrp()
    own = shared / f"service-{leader}-{_started(leader)}"
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in shared.glob("service-*-*"):
        if other != own and not _is_of_the_living(other):
            shutil.rmtree(other, ignore_errors=True)  # another process may do the same
    return own


def forget_the_dead(own: Path) -> None:
    """Remove what processes of this service that are no more said of themselves; what they counted stays."""
    for file in own.glob("gauge_live*_*.db"):
        if not _lives(_pid_of(file)):
            file.unlink(missing_ok=True)


def _is_of_the_living(directory: Path) -> bool:
    """Tell whether the leader lives, or any process that has written there."""
    _, leader, started = directory.name.split("-")
    if _lives(int(leader)) and _started(int(leader)) == started:
        return True
    return any(_lives(_pid_of(file)) for file in directory.glob("*.db"))


def _pid_of(file: Path) -> int:
    return int(file.stem.rsplit("_", 1)[1])  # prometheus_client names them so: counter_123.db


def _lives(pid: int) -> bool:
    """Tell whether there is such a process; one that has ended and is only waited for is none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _stat(pid)[:1] != ["Z"]


def _started(pid: int) -> str:
    """Return when a process was started; 0 where the system does not say."""
    fields = _stat(pid)
    return fields[_STARTED - _FIRST] if fields else "0"


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the state on; none where there are none."""
    with suppress(OSError):
        # before it comes the program's name in brackets, which may hold anything
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []
