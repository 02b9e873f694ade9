"""What receivers get to read fits where they read it."""

import orjson
import pytest

from flagsite.lib import clock
from rollouts.notices.wording import Notice, slack_body


@pytest.mark.parametrize("text", ["<" * 2_000, "x" * 9_000])
def test_slack_gets_no_more_than_it_takes_of_a_long_story(text: str) -> None:
    notice = Notice("ramp.guardrail", "Guardrail", text, clock.now(), "shop", "Shop", "ed", "production", "checkout")
    told = orjson.loads(slack_body(notice))["blocks"][0]["text"]["text"]
    assert 2_990 < len(told) <= 3_000, "Slack refuses a longer section, and with it the whole message"
    assert told.endswith(("&lt;…", "x…"))
