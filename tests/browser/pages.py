"""The desk's pages as people know them: by the names of their buttons, fields and regions."""

import re
from typing import Self

from playwright.sync_api import Locator, Page, expect

from tests.browser.seeding import PASSWORD


def enter(page: Page, person: str) -> None:
    """Sign in by the form."""
    page.goto("/admin/login/")
    page.get_by_label("Username").fill(person)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(re.compile("/admin/$"))


def open_flag(page: Page, key: str) -> "FlagPage":
    """Find a flag in the list, and open it."""
    page.goto("/admin/flags/flag/")
    page.get_by_placeholder(re.compile("^Key, name")).fill(key)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"q={key}"))
    page.get_by_role("row").filter(has_text=key).get_by_role("link").filter(visible=True).first.click()
    return FlagPage(page)


class FlagPage:
    """A flag's page, with its editor."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page.get_by_role("button", name="Review changes")).to_be_visible()

    def show(self, environment: str) -> Self:
        """Choose an environment's tab."""
        self.page.get_by_role("tab", name=environment).click()
        return self

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("tabpanel").filter(visible=True)

    def turn_on(self, environment: str) -> None:
        self.show(environment).panel.get_by_role("switch").check()

    def turn_off(self, environment: str) -> None:
        self.show(environment).panel.get_by_role("switch").uncheck()

    def roll_out_to(self, percentage: str) -> None:
        self.panel.get_by_role("spinbutton", name="Rollout percentage of the default rule").fill(percentage)

    def add_rule(self, name: str) -> "RuleCard":
        self.panel.get_by_role("button", name="Add rule").click()
        card = RuleCard(self.panel.get_by_role("list", name="Rules").locator("> li").last)
        card.name(name)
        return card

    def default_rule(self) -> Locator:
        return self.panel.get_by_role("region", name="Default rule")

    def review(self) -> "ReviewPage":
        self.page.get_by_role("button", name="Review changes").click()
        return ReviewPage(self.page)


def open_ramp_form(page: Page, key: str) -> None:
    """Go from a flag's page to the form on which a ramp of it is started in production."""
    card = open_flag(page, key).show("Production").panel.get_by_role("region", name="Ramp in Production")
    card.get_by_role("link", name="Start a ramp").click()
    expect(page.get_by_role("heading", name=f"Start a ramp of {key}")).to_be_visible()


class RuleCard:
    """One rule in the editor."""

    def __init__(self, card: Locator) -> None:
        self.card = card

    def name(self, name: str) -> None:
        self.card.get_by_role("textbox", name="Name").fill(name)

    def condition(self, index: int) -> "Condition":
        """One condition, in the order of the page, however deep it is nested."""
        return Condition(self.card.get_by_role("group", name="Condition", exact=True).nth(index))

    def group(self, words: str) -> Locator:
        return self.card.get_by_role("group", name=words, exact=True)

    def split(self, **weights: str) -> None:
        self.card.get_by_role("radio", name="Split").check()
        for variation, weight in weights.items():
            self.card.get_by_role("spinbutton", name=re.compile(f"^Weight of {variation}", re.IGNORECASE)).fill(weight)


class Condition:
    """One line of a rule."""

    def __init__(self, line: Locator) -> None:
        self.line = line

    def says(self, attribute: str, operator: str, *values: str) -> None:
        self.line.get_by_role("combobox", name="Attribute").fill(attribute)
        self.line.get_by_role("combobox", name="Operator").select_option(label=operator)
        chips = self.line.get_by_label("Add to Values")  # a text box, or a combo box where values are suggested
        plain = self.line.get_by_label("Value", exact=True)
        expect(chips.or_(plain)).to_be_visible()
        for value in values:
            if chips.is_visible():
                chips.fill(value)
                chips.press("Enter")
            else:
                plain.fill(value)


class ReviewPage:
    """The review of a change request."""

    def __init__(self, page: Page) -> None:
        self.page = page
        expect(page).to_have_url(re.compile("/changerequest/"))

    def section(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name)

    @property
    def changes(self) -> Locator:
        return self.section("What will change")

    @property
    def publish_button(self) -> Locator:
        return self.page.get_by_role("button", name=re.compile("^Publish (now|at that time)"))

    def publish(self, why: str = "") -> None:
        if why:
            self.page.get_by_role("textbox", name="Why").fill(why)
        self.publish_button.click()

    def expect_published(self) -> None:
        expect(self.page.get_by_text("Published. SDKs are told now.")).to_be_visible()
