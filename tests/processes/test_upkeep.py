"""What every test is held to: tried on tests of its own, by a pytest of its own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEAVING = """
import threading
from flagsite_sdk import FlagClient
from sdk_python.tests.server import KEY

def test_nobody_closes_the_client():
    FlagClient("http://127.0.0.1:9", KEY)

def test_somebody_does():
    FlagClient("http://127.0.0.1:9", KEY).close()

def test_a_thread_of_somebody_else():
    threading.Thread(target=threading.Event().wait, name="somebody-else", daemon=True).start()
"""


def test_a_test_that_leaves_an_sdk_running_fails_and_no_other_does(tmp_path: Path) -> None:
    (tmp_path / "test_leaving.py").write_text(LEAVING)
    command = [sys.executable, "-m", "pytest", "-q", "-rE", "-p", "tests.upkeep", "-p", "no:django", "-c", "/dev/null"]
    done = subprocess.run(
        [*command, f"--rootdir={tmp_path}", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "3 passed, 1 error" in done.stdout
    assert "::test_nobody_closes_the_client" in done.stdout
    assert (
        "left running, so close the client: ['flagsite-minutes', 'flagsite-reports', 'flagsite-updates']" in done.stdout
    )
