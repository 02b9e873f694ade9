"""How long ago something was, as every page says it."""

from datetime import timedelta

import pytest
from django.template import Context, Template

from flagsite.lib import clock


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(days=1, hours=3, minutes=5), "1 day, 3 hours ago"),
    ],
)
def test_less_than_a_minute_is_just_now(age: timedelta, words: str) -> None:
    told = Template("{{ moment|ago }}").render(Context({"moment": clock.now() - age}))
    assert told.replace("\N{NO-BREAK SPACE}", " ") == words
