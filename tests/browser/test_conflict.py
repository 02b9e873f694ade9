"""Two people edit the same flag at the same time: nobody's change is lost, and whoever was slower chooses."""

from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import ReviewPage, open_flag


def test_whoever_was_slower_sees_both_changes_chooses_and_publishes(sign_in: SignIn, watch: Watch) -> None:
    eve, ed = sign_in("eve"), sign_in("ed")
    sdk = watch("gift-cards", {"everybody": {}, "staff": {"team": "support"}})
    sdk.sees_only("on", "everybody", "staff")
    hers, his = open_flag(eve, "gift-cards"), open_flag(ed, "gift-cards")

    his.show("Production").roll_out_to("50")
    his.add_rule("Staff").condition(0).says("team", "is one of", "support")
    review = his.review()
    expect(review.changes).to_contain_text("50 %")

    hers.show("Production").roll_out_to("0")
    published = hers.review()
    published.publish("Gift cards are sold out")
    published.expect_published()
    sdk.sees_only("off", "everybody", "staff")

    review.publish("Half of them")
    conflict = review.section("Somebody published in between")
    expect(conflict).to_contain_text("eve")
    expect(conflict).to_contain_text("Gift cards are sold out")
    expect(conflict).to_contain_text("0 %")
    expect(conflict).to_contain_text("50 %")
    expect(review.publish_button).to_be_hidden()  # nothing can be published past the conflict
    conflict.get_by_role("radio", name="Theirs").check()
    conflict.get_by_role("button", name="Merge both").click()

    review = ReviewPage(ed)
    expect(review.changes).to_contain_text("Staff")  # what only he changed is what is left of his change
    expect(review.changes).not_to_contain_text("50 %")
    review.publish("Staff may try them")
    review.expect_published()
    sdk.sees(lambda seen: seen == {"everybody": {"off": 1_000}, "staff": {"on": 1_000}})


def test_what_was_typed_meanwhile_is_kept_and_reviewed_against_what_is_there_now(sign_in: SignIn) -> None:
    eve, ed = sign_in("eve"), sign_in("ed")
    hers, his = open_flag(eve, "size-guide"), open_flag(ed, "size-guide")
    hers.show("Production").roll_out_to("20")
    published = hers.review()
    published.publish()
    published.expect_published()

    his.show("Staging").roll_out_to("30")
    his.show("Production").roll_out_to("40")
    ed.get_by_role("button", name="Review changes").click()
    told = ed.get_by_role("region", name="Changed by somebody else")
    told.get_by_role("button", name="Review mine against the present flag").click()
    review = ReviewPage(ed)
    expect(review.changes).to_contain_text("30 %")
    expect(review.changes).to_contain_text("20 %")
    expect(review.changes).to_contain_text("40 %")
