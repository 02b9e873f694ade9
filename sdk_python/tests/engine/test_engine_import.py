import subprocess
import sys

HEAVY = {"httpx", "websockets", "asyncio", "ssl", "socket", "django", "openfeature"}


def test_importing_the_engine_loads_no_client_and_no_network() -> None:
    code = f"import sys, flagsite_sdk.engine; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
