"""Programs that fork: each is a process of its own, and what it forks is what it made.

So nothing of the test runner is copied (whose threads may hold locks of their own at that moment: coverage's, for one).
"""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdk_python.tests.server import KEY, Server

ROOT = Path(__file__).parents[2]
START = '''
import faulthandler, os, signal, sys, threading, traceback, warnings
from flagsite_sdk import FlagClient, State
from sdk_python.tests import documents
from sdk_python.tests.conftest import ALICE, eventually

faulthandler.register(signal.SIGALRM, chain=True)  # a process that hangs says where, and ends
signal.alarm(30)

def fork(work):
    """Run something in a child; it ends with 0 when it did not raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads: they are the point
        pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.alarm(20)
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)

def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def threads():
    return [each for each in threading.enumerate() if each.name.startswith("flagsite-")]

def connect(**settings):
    return FlagClient(URL, KEY, flush_interval=600, backoff_base=0.02, backoff_cap=0.05, **settings)
'''

Run = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def run(server: Server) -> Iterator[Run]:
    """Start a program; in the end each must have ended well."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str) -> "subprocess.Popen[str]":
        code = f"URL, KEY = {server.url!r}, {KEY!r}\n{START}\n{textwrap.dedent(program)}"
        command = [sys.executable, "-W", "error", "-c", code]
        started.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
