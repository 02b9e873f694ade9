"""In the bank's production somebody else has to approve; an approval is of exactly what was approved."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import FlagPage, ReviewPage, open_flag


def propose(page: Page, percentage: str) -> ReviewPage:
    flag = open_flag(page, "instant-transfer")
    flag.show("Production").roll_out_to(percentage)
    return flag.review()


def approve(page: Page, title: str) -> None:
    """Find the change in the list of those that wait, and approve it."""
    page.goto("/admin/flags/changerequest/?status__exact=open")
    page.get_by_role("row").filter(has_text=title).first.get_by_role("link").filter(visible=True).first.click()
    review = ReviewPage(page)
    review.section("Approval").get_by_role("button", name="Approve this change").click()
    expect(review.section("Approval")).to_contain_text("approved it")


def test_a_second_person_approves_and_only_then_it_is_published(sign_in: SignIn, watch: Watch) -> None:
    bea, ben = sign_in("bea"), sign_in("ben")
    sdk = watch("instant-transfer", {"everybody": {}}, project="bank")
    sdk.sees_only("on", "everybody")

    review = propose(bea, "0")
    expect(review.section("Approval")).to_contain_text("You had a hand in it, so you cannot")
    expect(bea.get_by_role("button", name="Approve this change")).to_be_hidden()
    expect(review.publish_button).to_be_disabled()
    approve(ben, "instant-transfer")
    bea.reload()
    expect(review.section("Approval")).to_contain_text("ben approved it")
    review.publish("Too many complaints")
    review.expect_published()
    sdk.sees_only("off", "everybody")


def test_after_an_edit_the_approval_counts_no_longer(sign_in: SignIn, watch: Watch) -> None:
    bea, ben = sign_in("bea"), sign_in("ben")
    sdk = watch("instant-transfer", {"everybody": {}}, project="bank")
    sdk.sees(bool)
    review = propose(bea, "12.5")
    approve(ben, "instant-transfer")
    bea.reload()
    expect(review.publish_button).to_be_enabled()

    second = bea.context.new_page()  # where she edits, while the approved change is still open in the first
    second.goto(bea.url)
    second.get_by_role("link", name="Keep editing").click()
    flag = FlagPage(second)
    flag.roll_out_to("99")
    edited = flag.review()
    expect(edited.section("Approval")).to_contain_text("Nobody has approved it as it is now")
    expect(edited.publish_button).to_be_disabled()

    review.publish("It was approved")
    expect(bea.get_by_role("alert").first).to_be_visible()
    expect(bea.get_by_text("Published. SDKs are told now.")).to_be_hidden()
    assert sdk.latest() in ({"everybody": {"on": 1_000}}, {"everybody": {"off": 1_000}})
