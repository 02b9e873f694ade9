"""From nothing to a flag that splits traffic: somebody builds it in the browser, and an SDK elsewhere decides by it."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import FlagPage

GROUPS = {
    "adults in the US": {"country": "US", "plan": "free", "age": 30},
    "minors in the US": {"country": "US", "plan": "free", "age": 12},
    "minors who pay": {"country": "CA", "plan": "pro", "age": 12},
    "adults elsewhere": {"country": "FR", "plan": "pro", "age": 30},
}


def test_a_new_flag_with_a_nested_rule_and_a_split_reaches_an_sdk_in_another_process(
    sign_in: SignIn, watch: Watch
) -> None:
    page = sign_in("ed")
    sdk = watch("checkout-button", GROUPS)
    sdk.sees_only("none", *GROUPS)

    page.goto("/admin/flags/flag/")
    page.get_by_role("link", name="add").first.click()
    page.get_by_role("radio", name=re.compile("^Experiment")).check()
    name, key = (page.get_by_role("textbox", name=label).first for label in ("Name", "Key"))
    name.fill("Über Größe / Beta 2.0")
    expect(key).to_have_value("uber-grosse-beta-2-0")
    name.fill("Checkout button")
    expect(key).to_have_value("checkout-button")
    page.get_by_role("button", name="Create flag").click()
    sdk.sees_only("control", *GROUPS)  # it is off, and says what it serves then

    flag = FlagPage(page)
    flag.turn_on("Production")
    rule = flag.add_rule("Adults in North America, or who pay")
    rule.condition(0).says("country", "is one of", "US", "CA")
    rule.card.get_by_role("button", name="Add group").click()
    rule.condition(1).says("plan", "is one of", "pro")
    either = rule.group("At least one of these is true")
    either.get_by_role("button", name="Add group").click()
    rule.condition(2).says("age", "is less than", "18")
    both = rule.group("All of these are true").last
    both.get_by_role("combobox", name="How the conditions are joined").select_option(label="Not all of these are true")
    rule.split(control="33.333", treatment="66.667")

    review = flag.review()
    expect(review.changes).to_contain_text("Adults in North America, or who pay")
    expect(review.changes).to_contain_text("33.333 %")
    expect(review.changes).to_contain_text("66.667 %")
    sdk.sees_only("control", *GROUPS)  # nothing happens before it is published
    review.publish("Which button sells more?")
    review.expect_published()

    seen = sdk.sees(lambda groups: "treatment" in groups["adults in the US"])
    assert 0.28 < seen["adults in the US"]["control"] / 1_000 < 0.39
    assert seen["minors who pay"] == seen["adults in the US"]  # the same ids fall into the same buckets
    assert seen["minors in the US"] == seen["adults elsewhere"] == {"control": 1_000}
