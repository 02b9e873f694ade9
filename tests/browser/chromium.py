"""The browser: Debian's Chromium, driven by Playwright, and what it complains about."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",  # containers give it no namespaces of its own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",  # the same letters on every machine
]


def chromium_path() -> str:
    """Return where Chromium is: CHROMIUM names it, else it is looked for on PATH."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise RuntimeError(f"The browser tests need Chromium ({', '.join(NAMES)}) on PATH, or its path in CHROMIUM.")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless Chromium as long as the block lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


def complaints_of(page: Page) -> list[str]:
    """Return a list to which every error in the page's console is added: violations of the CSP are such errors."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{page.url}: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    return heard
