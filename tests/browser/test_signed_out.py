"""A session that ends while somebody edits: they sign in again, and what they typed is still there."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.pages import ReviewPage, open_flag
from tests.browser.seeding import PASSWORD


def sign_out_unseen(page: Page) -> None:
    """What twelve hours do."""
    page.context.clear_cookies(name=re.compile("session$"))


def sign_in_again(page: Page, person: str) -> None:
    expect(page).to_have_url(re.compile("/admin/login/"))
    page.get_by_label("Username").fill(person)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def offer_on(page: Page) -> Locator:
    return page.get_by_role("region", name="What you typed before")


def test_what_was_sent_with_a_session_that_had_ended_is_brought_back_reviewed_and_forgotten(sign_in: SignIn) -> None:
    page = sign_in("ed")
    flag = open_flag(page, "loyalty-points")
    address = page.url
    flag.show("Production").roll_out_to("37.5")
    sign_out_unseen(page)
    page.get_by_role("button", name="Review changes").click()
    sign_in_again(page, "ed")

    percentage = page.get_by_role("spinbutton", name="Rollout percentage of the default rule")
    expect(offer_on(page)).to_be_visible()
    flag.show("Production")
    expect(percentage).to_have_value("100")
    offer_on(page).get_by_role("button", name="Bring it back").click()
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    expect(percentage).to_have_value("37.5")
    expect(offer_on(page)).to_have_count(0)
    expect(flag.review().changes).to_contain_text("Rollout 100 % → 37.5 %")

    page.goto(address)
    flag.show("Production")
    expect(percentage).to_have_value("100")
    expect(offer_on(page)).to_have_count(0)


@pytest.mark.parametrize("then", ["bring back", "forget", "another person"])
def test_a_segment_that_was_typed_is_offered_to_whom_it_belongs(sign_in: SignIn, then: str) -> None:
    page = sign_in("ed")
    page.goto("/admin/segments/segment/")
    page.get_by_role("row").filter(has_text="north-america").get_by_role("link").filter(visible=True).first.click()
    description = page.get_by_role("textbox", name="Description")
    description.fill("Canada and the United States")
    sign_out_unseen(page)
    page.get_by_role("button", name="Review changes").click()
    sign_in_again(page, "eve" if then == "another person" else "ed")
    expect(page.get_by_role("button", name="Review changes")).to_be_visible()
    expect(description).to_have_value("")
    if then == "another person":
        expect(offer_on(page)).to_have_count(0)
    elif then == "forget":
        offer_on(page).get_by_role("button", name="Forget it").click()
        page.reload()
        expect(page.get_by_role("button", name="Review changes")).to_be_visible()
        expect(offer_on(page)).to_have_count(0)
    else:
        offer_on(page).get_by_role("button", name="Bring it back").click()
        expect(description).to_have_value("Canada and the United States")
        page.get_by_role("button", name="Review changes").click()
        expect(ReviewPage(page).changes).to_contain_text("Canada and the United States")
