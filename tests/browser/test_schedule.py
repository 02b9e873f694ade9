"""A change at a set time: nobody is there when it happens. Time is compressed: Celery's clock is ahead."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.pages import open_flag
from tests.browser.programs import Program
from tests.processes.site import Site


@pytest.fixture
def later(site: Site, tmp_path: Path) -> Iterator[Program]:
    """Celery as it would be in two hours."""
    program = Program(site, "tests.browser.celery_later", "2", log=tmp_path / "celery.log")
    yield program
    program.end()


def test_a_scheduled_change_is_published_by_itself(
    sign_in: SignIn, watch: Watch, request: pytest.FixtureRequest
) -> None:
    page = sign_in("ed")
    sdk = watch("night-delivery", {"everybody": {}})
    sdk.sees_only("on", "everybody")
    flag = open_flag(page, "night-delivery")
    flag.turn_off("Production")
    review = flag.review()
    at = datetime.now(UTC) + timedelta(hours=1)
    page.get_by_label("Publish at (UTC); empty: now").fill(f"{at:%Y-%m-%dT%H:%M}")
    expect(review.publish_button).to_have_text("Publish at that time")
    review.publish("The drivers sleep")
    expect(page.get_by_text(f"Will be published {at.day} {at:%b %Y, %H:%M} UTC")).to_be_visible()
    sdk.sees_only("on", "everybody")

    request.getfixturevalue("later")
    sdk.sees_only("off", "everybody")
    page.reload()
    expect(page.get_by_text("by ed: “The drivers sleep”")).to_be_visible()
