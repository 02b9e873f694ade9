"""The editor by keyboard, by mouse, and on a phone: all can be reached, focus is kept, changes are announced."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.pages import FlagPage, open_flag

PHONE = (375, 812)
FOCUSED = "(at => at.ariaLabel || at.labels?.[0]?.innerText || at.innerText)(document.activeElement)"


def open_production(page: Page) -> FlagPage:
    flag = open_flag(page, "delivery-map")
    flag.show("Production")
    return flag


def tab_to(page: Page, name: str, *, backwards: bool = False) -> None:
    """Press Tab until the control of that name has the focus."""
    seen = []
    for _ in range(60):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        seen.append(page.evaluate(FOCUSED))
        if re.search(name, seen[-1] or ""):
            return
    raise AssertionError(f"{name} is not reached: {seen}")


def test_a_rule_is_added_moved_and_removed_by_keyboard_alone(sign_in: SignIn) -> None:
    page = sign_in("ed")
    flag = open_production(page)
    says = page.get_by_role("status")
    rules = flag.panel.get_by_role("list", name="Rules").get_by_role("group", name=re.compile(r"^Rule \d"))

    flag.panel.get_by_role("switch").focus()
    tab_to(page, "Add rule$")
    for number, name in enumerate(["Beta testers", "Staff"], start=1):
        page.keyboard.press("Enter")
        expect(says.filter(has_text=f"Rule {number} added.")).to_be_attached()
        expect(rules.nth(number - 1).get_by_role("textbox", name="Name")).to_be_focused()
        page.keyboard.type(name)
        tab_to(page, "Add rule$")

    tab_to(page, "Move up$", backwards=True)
    page.keyboard.press("Enter")
    expect(says.filter(has_text="Staff is now rule 1 of 2.")).to_be_attached()
    expect(rules.first).to_have_accessible_name("Rule 1: Staff")
    expect(rules.first.get_by_role("button", name="Move down")).to_be_focused()  # it is the first: it cannot go up
    page.keyboard.press("Enter")
    expect(says.filter(has_text="Staff is now rule 2 of 2.")).to_be_attached()
    expect(rules.last.get_by_role("button", name="Move up")).to_be_focused()

    tab_to(page, "Delete rule$")
    page.keyboard.press("Enter")
    expect(says.filter(has_text="Staff is deleted.")).to_be_attached()
    expect(rules).to_have_count(1)
    expect(page.get_by_role("button", name="Bring it back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(rules).to_have_count(2)
    expect(rules.last.get_by_role("textbox", name="Name")).to_be_focused()


def test_a_flag_is_found_from_any_page_by_keyboard_alone_on_a_small_screen(sign_in: SignIn) -> None:
    page = sign_in("vi", size=PHONE)
    page.goto("/admin/accounts/environment/")
    tab_to(page, "Show or hide the sidebar")
    page.keyboard.press("Enter")
    page.keyboard.press("t")
    page.keyboard.type("delivery")
    found = page.get_by_role("search", name="Flags, segments and pages").get_by_role("link")
    expect(found.first).to_contain_text("delivery-map")
    page.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(found).to_have_count(0)
    page.keyboard.type("-map")
    page.keyboard.press("Enter")  # before the answer is there
    page.wait_for_url("**/admin/flags/flag/*/change/")
    expect(page.get_by_role("code").filter(has_text="delivery-map").first).to_be_visible()


def test_a_value_is_typed_at_once_where_the_attribute_is_known(sign_in: SignIn) -> None:
    page = sign_in("ed")
    rule = open_production(page).add_rule("North America")
    line = rule.condition(0).line
    line.get_by_role("combobox", name="Attribute").click()
    page.keyboard.type("country")
    line.get_by_role("textbox", name="Add to Values").or_(line.get_by_role("combobox", name="Add to Values")).click()
    page.keyboard.type("US")
    page.keyboard.press("Enter")
    expect(line.get_by_role("button", name="Remove US")).to_be_visible()


def test_a_value_that_is_begun_before_the_page_has_caught_up_is_kept(sign_in: SignIn) -> None:
    page = sign_in("ed")
    line = open_production(page).add_rule("North America").condition(0).line
    line.evaluate("""(line) => {
        const attribute = line.querySelector("[aria-label=Attribute]");
        attribute.value = "country";
        attribute.dispatchEvent(new Event("input"));
        attribute.dispatchEvent(new Event("change")); // what follows from it is put off until the focus has moved
        const entry = line.querySelector("[aria-label='Add to Values']");
        entry.focus();
        entry.value = "US";
        return new Promise((done) => setTimeout(done, 50));
    }""")
    page.keyboard.press("Enter")
    expect(line.get_by_role("button", name="Remove US")).to_be_visible()


def test_tabs_are_walked_with_the_arrows(sign_in: SignIn) -> None:
    page = sign_in("ed")
    open_production(page)
    page.get_by_role("tab", name="Production").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Staging")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Staging")).to_be_visible()
    page.keyboard.press("Home")
    expect(page.get_by_role("tab", name="Development")).to_be_focused()


def test_a_phone_shows_the_whole_editor_without_scrolling_sideways(sign_in: SignIn) -> None:
    page = sign_in("ed", size=PHONE)
    flag = open_production(page)
    rule = flag.add_rule("Beta testers")
    rule.condition(0).says("country", "is one of", "US", "CA")
    rule.card.get_by_role("button", name="Add group").click()
    rule.split(on="33.333", off="66.667")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for control in rule.card.get_by_role("button").or_(rule.card.get_by_role("textbox")).filter(visible=True).all():
        box = control.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE[0]
    rule.card.get_by_role("button", name="Delete rule").click()
    expect(page.get_by_role("button", name="Bring it back")).to_be_visible()
