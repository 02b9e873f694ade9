"""JSON columns whose numbers come back as the numbers that they were.

PostgreSQL's jsonb writes 1e300 as a one and 300 zeros, which Python's reader takes for an integer that nothing else
here can hold. An integer beyond 64 bits can only have been such a float.
"""

import json
from typing import Any, Final

_LEAST: Final = -(2**63)
_MOST: Final = 2**64 - 1


def _number(text: str) -> int | float:
    number = int(text)
    return number if _LEAST <= number <= _MOST else float(text)


class JsonDecoder(json.JSONDecoder):
    """Read integers beyond 64 bits as floats."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"parse_int": _number} | kwargs)
