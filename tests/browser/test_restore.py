"""Undoing: the history leads to an earlier revision, which comes back through the same review."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import ReviewPage, open_flag


def test_an_earlier_revision_is_restored_through_the_review(sign_in: SignIn, watch: Watch) -> None:
    page = sign_in("ed")
    sdk = watch("loyalty-points", {"everybody": {}})
    sdk.sees_only("on", "everybody")
    flag = open_flag(page, "loyalty-points")
    flag.turn_off("Production")
    review = flag.review()
    review.publish("It counted twice")
    review.expect_published()
    sdk.sees_only("off", "everybody")

    open_flag(page, "loyalty-points")
    page.get_by_role("link", name=re.compile("History$")).last.click()
    page.get_by_role("combobox", name="Environment").select_option(label="Production")
    page.get_by_role("button", name="Filter").click()
    moments = page.get_by_role("listitem").filter(has_text=re.compile(r"revision \d+"))
    expect(moments.first).to_contain_text("It counted twice")
    page.get_by_role("link", name=re.compile("^Before and after.*: loyalty-points, revision")).nth(1).click()
    expect(page.get_by_role("heading", name="Restore")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Review the restoring of revision")).click()

    review = ReviewPage(page)
    expect(review.changes).to_contain_text("on")
    sdk.sees_only("off", "everybody")  # nothing happens before it is published
    review.publish("Counts once now")
    review.expect_published()
    sdk.sees_only("on", "everybody")
