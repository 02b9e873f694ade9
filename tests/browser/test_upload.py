"""A list of 100,000 ids comes from a CSV: previewed, reviewed, published, and no page becomes slow by it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import FilePayload, expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import ReviewPage, open_flag

IDS = 100_000
UPLOAD_SECONDS = 20.0
"""From choosing the file to its preview, and from there to the review: 2 MB are read, compared and kept."""
PAGE_SECONDS = 5.0
"""Any page of the segment, however many ids it lists. Half a second on a machine that does nothing else."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    took = time.perf_counter() - begin
    assert took < seconds, f"{took:.1f} s"


def test_100_000_ids_from_a_csv_reach_an_sdk_and_no_page_is_slow(sign_in: SignIn, watch: Watch) -> None:
    page = sign_in("ed")
    sdk = watch("product-videos", {"readers": {}})
    flag = open_flag(page, "product-videos")
    flag.show("Production")
    flag.default_rule().get_by_role("combobox", name="Serves").select_option(label="off")
    rule = flag.add_rule("Newsletter")
    rule.card.get_by_role("button", name="Remove condition").click()
    rule.card.get_by_role("button", name="Add segment").click()
    rule.card.get_by_role("combobox", name="Segment").fill("newsletter")
    review = flag.review()
    review.publish()
    review.expect_published()
    sdk.sees_only("off", "readers")

    page.goto("/admin/segments/segment/")
    page.get_by_role("row").filter(has_text="newsletter").get_by_role("link").filter(visible=True).first.click()
    page.get_by_role("link", name="Upload ids from a file").click()
    lines = "".join(f"user-{number},{number}@example.com\n" for number in range(IDS))
    raw = f"id,email\n{lines}user-7,again@example.com\n".encode()
    file: FilePayload = {"name": "readers.csv", "mimeType": "text/csv", "buffer": raw}
    page.get_by_role("button", name="File").set_input_files(file)
    with within(UPLOAD_SECONDS):
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_role("button", name="Go on to the review")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Added")).to_contain_text("100,000")
    expect(page.get_by_role("region", name="Lines that are wrong")).to_contain_text("100002")
    with within(UPLOAD_SECONDS):
        page.get_by_role("button", name="Go on to the review").click()
        review = ReviewPage(page)
        expect(review.publish_button).to_be_visible()
    expect(review.changes).to_contain_text("100,000")
    with within(UPLOAD_SECONDS):
        review.publish("The readers of October")
        review.expect_published()
    sdk.sees_only("on", "readers")

    with within(PAGE_SECONDS):
        page.goto("/admin/segments/segment/")
        page.get_by_role("row").filter(has_text="newsletter").get_by_role("link").filter(visible=True).first.click()
        expect(page.get_by_role("row").filter(has_text="Look for an id").first).to_contain_text("100,000")
    assert len(page.content()) < 300_000  # the list is never rendered whole
    with within(PAGE_SECONDS):
        page.get_by_role("link", name="Look for an id listed in").click()
        page.get_by_label("This text").fill("user-99999")
        page.keyboard.press("Enter")
        expect(page.get_by_role("listitem").filter(has_text="user-99999")).to_be_visible()
