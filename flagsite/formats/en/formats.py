"""The day as Europeans read it, the hour as everybody does, and the zone, which is always the same."""

from typing import Final

DATE_FORMAT: Final = "j M Y"
TIME_FORMAT: Final = "H:i"
DATETIME_FORMAT: Final = r"j M Y, H:i \U\T\C"
SHORT_DATETIME_FORMAT: Final = DATETIME_FORMAT
