"""What a key looks like: the names of projects, environments, flags, variations, rules and segments."""

import re
from typing import Any, Final

from django.core.validators import RegexValidator

MAX_KEY: Final = 128
PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,127}\Z"
MESSAGE: Final = "A key starts with a-z or 0-9 and goes on with up to 127 of a-z, 0-9, dot, dash and underscore."

validate_key = RegexValidator(PATTERN, MESSAGE, code="invalid_key")


def is_key(value: Any) -> bool:
    """Tell whether a value is a text that may be a key."""
    return isinstance(value, str) and re.match(PATTERN, value) is not None
