"""How values stand in the shared cache: as JSON, which is read and never run.

Django's own way there is pickle: whoever can write to Redis could run code in every process that reads.
"""

from typing import Any

import orjson


class PlainValues:
    """What Django's Redis cache asks to write and read values; whole numbers stay as they are: Redis adds to them."""

    def dumps(self, value: Any) -> int | bytes:
        """Return what is stored.

        Raises:
            TypeError: when the value is none that JSON knows.
        """
        return value if type(value) is int else orjson.dumps(value)

    def loads(self, stored: bytes) -> Any:
        """Return the value.

        Raises:
            ValueError: when something else stands there; nobody is served by a guess.
        """
        return orjson.loads(stored)
