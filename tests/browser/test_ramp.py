"""A flag is ramped by template, an SDK elsewhere following, and the ramp is undone; by mouse and by keyboard."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import open_flag, open_ramp_form
from tests.browser.test_keyboard import PHONE, tab_to

EVERYBODY = {"everybody": {"country": "US"}}


def on(seen: dict[str, dict[str, int]]) -> float:
    """The share that gets it, in per cent."""
    return seen["everybody"].get("on", 0) / 10


def standing(page: Page) -> Locator:
    return page.get_by_role("region", name="Where it stands")


def sheet(page: Page, words: str) -> None:
    """Open what a button asks before it does something."""
    page.locator("summary").filter(has_text=words).click()


def test_a_ramp_by_template_is_followed_by_an_sdk_in_another_process_and_undone(sign_in: SignIn, watch: Watch) -> None:
    page, viewer = sign_in("ed"), sign_in("vi")
    sdk = watch("one-page-checkout", EVERYBODY)
    sdk.sees_only("on", "everybody")

    open_ramp_form(page, "one-page-checkout")
    page.get_by_role("radio", name="Standard").check()
    preview = page.get_by_role("complementary", name="What will happen")
    expect(preview).to_contain_text("At once it lowers the percentage from 100 % to 1 %: 99 % of users lose it.")
    expect(preview.get_by_role("listitem")).to_have_count(4)
    page.get_by_role("button", name="Start the ramp").click()
    expect(standing(page)).to_contain_text("At 1 %, step 1 of 4.")
    sdk.sees(lambda seen: 0 < on(seen) < 3)

    viewer.goto(page.url)
    expect(standing(viewer)).to_contain_text("At 1 %")
    expect(viewer.get_by_text("Take next step now")).to_have_count(0)

    sheet(page, "Take next step now")
    page.get_by_role("button", name="Go to 10 % now").click()
    expect(standing(page)).to_contain_text("At 10 %, step 2 of 4.")
    sdk.sees(lambda seen: 6 < on(seen) < 14)
    expect(standing(viewer)).to_contain_text("At 10 %, step 2 of 4.")  # by itself

    sheet(page, "Roll back to 0 %")
    page.get_by_label("Why (optional)").filter(visible=True).fill("Carts are lost")
    page.get_by_role("button", name="Yes, roll back to 0 % now").click()
    expect(standing(page)).to_contain_text("Rolled back")
    expect(standing(page)).to_contain_text("Carts are lost")
    sdk.sees_only("off", "everybody")
    expect(standing(viewer)).to_contain_text("Rolled back")


def test_what_somebody_writes_stays_while_the_page_renews_itself(sign_in: SignIn) -> None:
    ed, eve = sign_in("ed"), sign_in("eve")
    open_ramp_form(ed, "photo-reviews")
    ed.get_by_role("radio", name="Fast").check()
    ed.get_by_role("button", name="Start the ramp").click()
    expect(standing(ed)).to_contain_text("At 5 %")

    eve.goto(ed.url)
    sheet(eve, "Pause")
    why = eve.get_by_label("Why (optional)").filter(visible=True)
    why.fill("Lunch")
    sheet(ed, "Take next step now")
    ed.get_by_role("button", name="Go to 25 % now").click()
    expect(standing(eve)).to_contain_text("At 25 %")
    expect(why).to_have_value("Lunch")
    expect(why).to_be_focused()
    eve.keyboard.press("Escape")
    expect(why).to_be_hidden()
    sheet(eve, "Pause")
    expect(why).to_have_value("Lunch")
    eve.get_by_role("button", name="Pause the ramp").click()  # a step meanwhile is no reason not to
    expect(standing(eve)).to_contain_text("Lunch")
    expect(standing(ed)).to_contain_text("Paused")


def test_a_ramp_is_written_by_keyboard_on_a_phone(sign_in: SignIn) -> None:
    page = sign_in("eve", size=PHONE)
    open_ramp_form(page, "size-guide")
    says = page.get_by_role("status")
    steps = page.get_by_role("list", name="Steps").get_by_role("group", name="Step")
    expect(steps).to_have_count(5)

    page.get_by_role("radio", name="Evenly").focus()
    page.keyboard.press("ArrowDown")
    expect(steps).to_have_count(6)  # careful
    tab_to(page, "Add step$")
    page.keyboard.press("Enter")
    expect(says.filter(has_text="Step 7 added.")).to_be_attached()
    expect(steps.nth(6).get_by_label("Percentage")).to_be_focused()
    expect(page.get_by_role("radio", name="Own steps")).to_be_checked()
    tab_to(page, "Remove step 7")
    page.keyboard.press("Enter")
    expect(says.filter(has_text="Step 7 removed, 6 left.")).to_be_attached()
    expect(steps.nth(5).get_by_label("Percentage")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("10")

    tab_to(page, "Add guardrail$")
    page.keyboard.press("Enter")
    guardrail = page.get_by_role("group", name="Guardrail 1")
    expect(guardrail.get_by_label("Watch")).to_be_focused()
    for label, text in (("Called", "error rate"), ("The share of users with", "failed"), ("Of those with", "checkout")):
        tab_to(page, label)
        page.keyboard.type(text)
    expect(guardrail).to_contain_text("Roll back to 0 % when the error rate is higher inside than outside.")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]

    tab_to(page, "Start the ramp")
    page.keyboard.press("Enter")
    problem = page.get_by_text(re.compile("^Must be above 50")).last
    expect(problem).to_be_visible()
    expect(steps.nth(5).get_by_label("Percentage")).to_be_focused()  # what is wrong, as it was typed
    expect(steps.nth(5).get_by_label("Percentage")).to_have_value("10")
    expect(guardrail.get_by_label("Called")).to_have_value("error rate")


def test_what_is_to_come_is_changed(sign_in: SignIn) -> None:
    page = sign_in("ed")
    open_ramp_form(page, "live-stock")
    page.get_by_role("radio", name="Fast").check()
    page.get_by_role("button", name="Start the ramp").click()
    page.get_by_role("link", name="Change", exact=True).click()
    second = page.get_by_role("group", name="Step 2")
    expect(second.get_by_label("Percentage")).to_have_value("25")
    second.get_by_label("Percentage").fill("12.5")
    second.get_by_label("A person’s word").check()
    page.get_by_role("button", name="Remove step 4").click()
    page.get_by_role("button", name="Change the ramp").click()
    expect(standing(page)).to_contain_text("At 5 %, step 1 of 3.")
    expect(standing(page)).to_contain_text("Next: 12.5 % at")
    expect(standing(page)).to_contain_text("then when somebody says so")


def test_a_change_by_hand_is_warned_of_where_the_ramp_moves_the_slider(sign_in: SignIn) -> None:
    page = sign_in("ed")
    open_ramp_form(page, "quick-reorder")
    page.get_by_role("button", name="Start the ramp").click()
    expect(standing(page)).to_contain_text("At 1 %")
    flag = open_flag(page, "quick-reorder").show("Production")
    expect(flag.default_rule()).to_contain_text("A change by hand pauses the ramp.")
    expect(flag.panel.get_by_role("region", name="Ramp in Production")).to_contain_text("At 1 %, step 1 of 5.")
    flag.show("Staging")
    expect(flag.panel).not_to_contain_text("A change by hand pauses the ramp.")
