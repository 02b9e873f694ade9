"""Reading a whole number that came as text: in a query parameter, a header, a cursor."""

from typing import Final

_MOST_DIGITS: Final = 18
"""What a database column of 64 bits holds in any case; Python alone would choke on thousands of them."""


def number_of(text: str) -> int | None:
    """Return the number that the text's ASCII digits write, or None for any other or longer text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None
