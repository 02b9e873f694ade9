"""The desk's screens: what is done on each before it is looked at. Where they are, the scenery says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Page, expect

THEMES: Final = ("light", "dark")
SIZES: Final = {"wide": (1440, 900), "narrow": (375, 812)}


def _nothing(page: Page) -> None:
    """Leave the page as it comes."""


@dataclass(frozen=True)
class Screen:
    """A screen: who looks at it (nobody: without signing in), where, and what they do there first."""

    name: str
    person: str = "jonas"
    prepare: Callable[[Page], None] = _nothing
    at: str = ""
    """The screen whose address it is reached by, when that is another one's."""
    pictured: bool = True
    """Whether the documentation has pictures of it; every screen is looked at for accessibility."""


def _try_a_context(page: Page) -> None:
    page.get_by_label("Id", exact=True).fill("user-42")
    page.get_by_role("button", name="Attribute", exact=True).click()
    page.get_by_label("Name of attribute 1").fill("country")
    page.get_by_label("Value of attribute 1").fill("US")
    page.get_by_role("button", name="Test in every environment").click()
    expect(page.get_by_role("heading", name="“user-42” and new-checkout")).to_be_visible()


def _ask_about_then(page: Page) -> None:
    page.get_by_label("Id", exact=True).fill("user-42")
    page.get_by_role("button", name="Evaluate as of then").click()
    expect(page.get_by_role("heading", name="“user-42” and new-checkout")).to_be_visible()


def _preview_a_file(page: Page) -> None:
    lines = [*(f"reader-{number}" for number in range(250)), "", "reader-7"]
    page.get_by_role("button", name="File").set_input_files(
        {"name": "readers.txt", "mimeType": "text/plain", "buffer": "\n".join(lines).encode()}
    )
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Go on to the review")).to_be_visible()


def _pick_two(page: Page) -> None:
    for flag in ("holiday-theme", "page-size"):
        page.get_by_role("row").filter(has_text=flag).get_by_role("checkbox").check()
    page.get_by_role("combobox").filter(has_text="Add a tag").select_option(label="Add a tag")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", level=1).filter(has_text="2 flags")).to_be_visible()


def _begin_an_experiment(page: Page) -> None:
    page.get_by_role("radio", name="Experiment").check()


def _write_a_ramp(page: Page) -> None:
    page.get_by_role("radio", name="Standard").check()
    page.get_by_role("button", name="Add guardrail").click()
    page.get_by_label("Called (optional)").fill("share of failed checkouts")
    page.get_by_label("The share of users with the event").fill("checkout-failed")
    page.get_by_label("Of those with the event").fill("purchase")
    expect(page.get_by_text("Roll back to 0 % when the share of failed checkouts")).to_be_visible()


def _open_the_sheet(page: Page) -> None:
    page.locator("summary").filter(has_text="Roll back to 0 %").click()
    expect(page.get_by_role("button", name="Yes, roll back")).to_be_visible()


SCREENS: Final = (
    Screen("home"),
    Screen("flags"),
    Screen("new-flag", prepare=_begin_an_experiment),
    Screen("flag"),
    Screen("flag-read-only", person="priya", at="flag", pictured=False),
    Screen("who-got-what", pictured=False),
    Screen("emergency"),
    Screen("several-flags", prepare=_pick_two, at="flags", pictured=False),
    Screen("review"),
    Screen("conflict"),
    Screen("scheduled"),
    Screen("change-requests"),
    Screen("history"),
    Screen("revision"),
    Screen("as-of", prepare=_ask_about_then),
    Screen("insights", pictured=False),
    Screen("tester", prepare=_try_a_context),
    Screen("compare"),
    Screen("segments"),
    Screen("segment"),
    Screen("segment-upload", pictured=False),
    Screen("segment-preview", prepare=_preview_a_file, at="segment-upload"),
    Screen("segment-ids", pictured=False),
    Screen("ramps"),
    Screen("ramp"),
    Screen("ramp-steered", prepare=_open_the_sheet, at="ramp", pictured=False),
    Screen("ramp-read-only", person="priya", at="ramp", pictured=False),
    Screen("ramp-rolled-back", pictured=False),
    Screen("ramp-start", prepare=_write_a_ramp),
    Screen("ramp-change", pictured=False),
    Screen("ramp-templates", pictured=False),
    Screen("ramp-template", pictured=False),
    Screen("ramp-template-read-only", person="priya", at="ramp-template", pictured=False),
    *(
        Screen(name, person="admin", pictured=False)
        for name in ("webhooks", "new-webhook", "webhook", "webhook-secret", "mail-notices", "new-mail-notice")
    ),
    Screen("deliveries", person="admin", pictured=False),
    Screen("delivery", person="admin", pictured=False),
    Screen("keys", person="admin"),
    Screen("key-rotation", person="admin", pictured=False),
    Screen("people", person="admin"),
    Screen("person", person="admin", pictured=False),
    Screen("invitations", person="admin", pictured=False),
    Screen("invitation", person="admin"),
    Screen("environment", person="admin"),
    Screen("project", person="admin"),
    Screen("evaluations", pictured=False),
    Screen("events", pictured=False),
    Screen("audit-log"),
    Screen("second-factor", pictured=False),
    Screen("sign-in", person=""),
)


def open_screen(page: Page, screen: Screen, addresses: dict[str, str]) -> None:
    """Go there, and wait until the page has done what it does by itself."""
    page.goto(addresses[screen.at or screen.name])
    screen.prepare(page)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
