"""What has proved itself in staging comes to production: compared, picked, reviewed, published."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import ReviewPage, open_flag


def test_what_was_picked_comes_from_staging_to_production(sign_in: SignIn, watch: Watch) -> None:
    page = sign_in("ed")
    sdk = watch("gift-wrapping", {"everybody": {}, "staff": {"team": "support"}})
    sdk.sees_only("on", "everybody", "staff")
    flag = open_flag(page, "gift-wrapping")
    flag.turn_on("Staging")
    flag.default_rule().get_by_role("combobox", name="Serves").select_option(label="off")
    flag.add_rule("Support tries it").condition(0).says("team", "is one of", "support")
    review = flag.review()
    review.publish()
    review.expect_published()

    open_flag(page, "gift-wrapping")
    page.get_by_role("link", name=re.compile("Compare environments$")).click()
    expect(page.get_by_role("combobox", name="From")).to_have_value("staging")
    expect(page.get_by_role("combobox", name="To")).to_have_value("production")
    compared = page.get_by_role("article", name="gift-wrapping")
    expect(compared.get_by_role("checkbox", name="Rules")).to_be_checked()
    expect(compared).to_contain_text("Support tries it")
    page.get_by_label("Why").fill("Support likes it")
    page.get_by_role("button", name=re.compile(r"^Review \d differences? for Production")).click()

    review = ReviewPage(page)
    expect(review.changes).to_contain_text("Production")
    expect(review.changes).to_contain_text("Support tries it")
    sdk.sees_only("on", "everybody", "staff")  # nothing happens before it is published
    review.publish()
    review.expect_published()
    sdk.sees(lambda seen: seen == {"everybody": {"off": 1_000}, "staff": {"on": 1_000}})
