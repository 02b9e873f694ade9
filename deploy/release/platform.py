"""What a release needs of a platform, and Fly.io's command line as one.

Every command is run without a shell, with a time limit, and its output is handed through. Another platform is another
class with the same two methods.
"""

import json
import subprocess
from dataclasses import dataclass
from typing import Protocol

SECONDS = 900
"""How long one command of a platform may take."""


class PlatformError(Exception):
    """A command of the platform failed; the text says which and how."""


class Platform(Protocol):
    """Where releases run."""

    def current(self) -> str | None:
        """Return the image that is running; None when nothing was ever released."""

    def deploy(self, image: str) -> None:
        """Run the image's migrations while the old release serves, then replace its processes one after the other."""


def run(*command: str) -> str:
    """Run a command and return what it prints.

    Raises:
        PlatformError: when it fails, is not there, or takes too long.
    """
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlatformError(f"{command[0]}: {error}") from None
    if done.returncode:
        raise PlatformError(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr.strip()[-2_000:]}")
    return done.stdout


@dataclass(frozen=True)
class Fly:
    """An app of Fly.io, by `flyctl`, which finds its token in FLY_API_TOKEN."""

    app: str
    config: str

    def current(self) -> str | None:
        """Return the image of the newest release that is complete."""
        releases = json.loads(run("flyctl", "releases", "--app", self.app, "--image", "--json") or "[]")
        complete = (each for each in releases or [] if each.get("Status", "").lower() in {"complete", "succeeded"})
        return next((each["ImageRef"] for each in complete if each.get("ImageRef")), None)

    def deploy(self, image: str) -> None:
        """Roll the image out; the configuration's release command migrates first, and stops all when it fails."""
        run("flyctl", "deploy", "--app", self.app, "--config", self.config, "--image", image, "--strategy", "rolling")
