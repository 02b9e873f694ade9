"""What a heading is called in a link, by GitHub's rule: one name in the repository and on the site."""

import re

_LEFT_OUT = re.compile(r"[^\w\- ]")


def anchor(heading: str, separator: str) -> str:
    """The name of a heading's place in its page. MkDocs hands a separator over; the rule has its own."""
    del separator
    return _LEFT_OUT.sub("", heading.strip().lower()).replace(" ", "-")
