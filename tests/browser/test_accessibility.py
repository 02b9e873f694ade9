"""No screen of the desk shuts anybody out: axe-core finds nothing serious, light or dark, wide or narrow."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.screens import SCREENS, SIZES, THEMES, Screen, open_screen
from tests.browser.showing import Showing, showing

AXE: Final = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS: Final = {"serious", "critical"}
RUN: Final = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map((found) => ({
    rule: found.id, impact: found.impact, help: found.help,
    nodes: found.nodes.map((node) => node.target.join(" ") + "  " + node.html.slice(0, 200)),
}))"""


@pytest.fixture(scope="module")
def shown(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showing]:
    with showing(browser, tmp_path_factory.mktemp("showing")) as shown:
        yield shown


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core finds on the page as it is now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text() + "; undefined")  # as a developer's console does it: the page's policy holds
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [each for each in found if each["impact"] in SERIOUS]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_axe_finds_nothing_serious(screen: Screen, shown: Showing, subtests: pytest.Subtests) -> None:
    for theme in THEMES:
        page = shown.page(screen.person, theme=theme)
        open_screen(page, screen, shown.addresses)
        for name, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            with subtests.test(theme=theme, size=name):
                assert violations(page) == [], json.dumps(violations(page), indent=1)


def test_axe_finds_what_is_wrong(shown: Showing) -> None:
    page = shown.page("jonas", theme="light")
    page.goto(shown.addresses["flags"])
    page.evaluate("document.querySelector('input[name=q]').labels.forEach((label) => label.remove())")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<button></button>')")
    assert "button-name" in {found["rule"] for found in violations(page)}
