"""An installation to be looked at: the shop after months of work, on a day that never ends, and people at its pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from tests.browser.chromium import complaints_of
from tests.browser.pages import enter
from tests.processes.site import Process, Site

Theme = Literal["light", "dark"]
PATIENCE = 15_000  # milliseconds


class Showing:
    """One page for each person and theme, kept open from screen to screen."""

    def __init__(self, browser: Browser, web: Process, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        self._browser = browser
        self._web = web
        self._pages: dict[tuple[str, Theme], tuple[Page, list[str]]] = {}
        self._signed_in: dict[str, Any] = {"": None}

    def page(self, person: str, *, theme: Theme) -> Page:
        """Return the page of somebody ("": of nobody) in a theme; what it complained about until now is an error."""
        if (person, theme) not in self._pages:
            self._pages[person, theme] = self._new_page(self._state_of(person), theme)
        page, heard = self._pages[person, theme]
        assert heard == [], heard
        return page

    def complaints(self) -> list[str]:
        return [complaint for _, heard in self._pages.values() for complaint in heard]

    def close(self) -> None:
        for page, _ in self._pages.values():
            page.context.close()

    def _new_page(self, state: Any, theme: Theme) -> tuple[Page, list[str]]:
        context = self._browser.new_context(
            base_url=self._web.url, storage_state=state, color_scheme=theme, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        return page, complaints_of(page)

    def _state_of(self, person: str) -> Any:
        if person not in self._signed_in:
            page, _ = self._new_page(None, "light")
            enter(page, person)
            self._signed_in[person] = page.context.storage_state()
            page.context.close()
        return self._signed_in[person]


@contextmanager
def showing(browser: Browser, directory: Path) -> Iterator[Showing]:
    """Run the installation as long as the block lasts; nothing that was shown may have complained."""
    site = Site(directory, seeding="tests.browser.scenery")
    try:
        shown = Showing(browser, site.program("tests.browser.pinned"), site.seeded["screens"])
        yield shown
        shown.close()
        assert shown.complaints() == []
    finally:
        site.close()
