"""Release an image: migrate, roll out, see whether it is well, and go back to the image before when it is not.

    python -m deploy.release --app flagsite --config deploy/fly.production.toml --image registry/flagsite@sha256:… \
        --url https://flags.example.com --url https://stream.example.com

Migrations come first, while the old release serves: so each has to be one that the old release can live with
(`tests/deploy/test_migrations.py`), and going back needs no migration back.

Exits with 0 when the new release is well; 1 when it was not and the old one is back; 2 when nothing was changed; 3
when going back failed too, or there was nothing to go back to: somebody has to look at once.
"""

import argparse
import sys
from collections.abc import Sequence

from deploy.release.health import becomes_well
from deploy.release.platform import Fly, Platform, PlatformError

RELEASED, ROLLED_BACK, UNCHANGED, BROKEN = range(4)


def release(platform: Platform, image: str, *, urls: Sequence[str], within: float, in_a_row: int, pause: float) -> int:
    """Release the image, and return how it ended."""

    def is_well() -> bool:
        return becomes_well(urls, within=within, in_a_row=in_a_row, pause=pause)

    try:
        before = platform.current()
        say(f"running now: {before or 'nothing'}")
    except PlatformError as error:
        say(f"nothing was released: {error}")
        return UNCHANGED
    say(f"rolling out {image}")
    try:
        platform.deploy(image)
        if is_well():
            say("well")
            return RELEASED
        say(f"not well within {within:g} s")
    except PlatformError as error:
        say(f"rolling out failed: {error}")
    if before is None:
        say("there is no release to go back to")
        return BROKEN
    say(f"going back to {before}")
    try:
        platform.deploy(before)
    except PlatformError as error:
        say(f"going back failed: {error}")
        return BROKEN
    if not is_well():
        say("the old release is not well either")
        return BROKEN
    say("the old release is back, and well")
    return ROLLED_BACK


def say(text: str) -> None:
    """Tell whoever reads the pipeline's log."""
    sys.stdout.write(f"release: {text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Read the arguments, and release."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--app", required=True, help="the app's name on the platform")
    parser.add_argument("--config", required=True, help="the app's configuration, such as deploy/fly.production.toml")
    parser.add_argument("--image", required=True, help="the image, by its digest")
    parser.add_argument("--url", action="append", required=True, help="an address that must be ready; several times")
    parser.add_argument("--within", type=float, default=180, help="seconds until it must be well")
    parser.add_argument("--in-a-row", type=int, default=5, help="how often all must answer, one time after the other")
    parser.add_argument("--pause", type=float, default=2, help="seconds between two looks")
    found = parser.parse_args(arguments)
    platform = Fly(found.app, found.config)
    return release(
        platform, found.image, urls=found.url, within=found.within, in_a_row=found.in_a_row, pause=found.pause
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
