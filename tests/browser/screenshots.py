"""Run as a program by `make screenshots`: pictures of the desk's screens, for docs/images.

Two runs on the same code make the same pictures: data and day are made up (`tests.browser.scenery`), the size of the
window is fixed, nothing moves. Arguments: the screens to take; none: all of them.
"""

import io
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, expect

from tests import services
from tests.browser.chromium import chromium
from tests.browser.screens import SCREENS, SIZES, THEMES, open_screen
from tests.browser.showing import showing

IMAGES: Final = Path(__file__).resolve().parents[2] / "docs" / "images"
COLOURS: Final = 48
"""As many are enough for flat surfaces and letters, and keep a picture small."""
TRIES: Final = 20
TALLEST: Final = {"wide": 1400, "narrow": 1600}
"""A longer page is cut off there."""


def at_rest(page: Page) -> bytes:
    """The page as soon as it looks the same twice."""
    before = b""
    for _ in range(TRIES):
        raw = page.screenshot(animations="disabled", caret="hide")
        if raw == before:
            return raw
        before = raw
    raise AssertionError(f"{page.url} never comes to rest")


def picture(page: Page, *, width: int, tallest: int) -> bytes:
    """The page as a small PNG: from its top, as far as it goes."""
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    height = min(tallest, max(900, page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": width, "height": height})
    raw = at_rest(page)
    small = io.BytesIO()
    image = Image.open(io.BytesIO(raw)).convert("RGB").quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
    image.save(small, "PNG", optimize=True)
    return small.getvalue()


def main(wanted: set[str]) -> None:
    services.start()
    expect.set_options(timeout=15_000)
    IMAGES.mkdir(exist_ok=True)
    screens = [screen for screen in SCREENS if screen.pictured and (not wanted or screen.name in wanted)]
    with tempfile.TemporaryDirectory() as directory, chromium() as browser, showing(browser, Path(directory)) as shown:
        for screen in screens:
            for theme in THEMES:
                for size, (width, height) in SIZES.items():
                    page = shown.page(screen.person, theme=theme)
                    page.set_viewport_size({"width": width, "height": height})
                    open_screen(page, screen, shown.addresses)
                    file = IMAGES / f"{screen.name}-{theme}-{size}.png"
                    file.write_bytes(picture(page, width=width, tallest=TALLEST[size]))
                    print(f"{file.name}  {file.stat().st_size // 1_024} KB", flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    main(set(sys.argv[1:]))
