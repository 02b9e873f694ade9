"""What a key looks like: the names of projects, environments, flags, variations, rules and segments."""

from typing import Final

from django.core.validators import RegexValidator
from django.db import models

PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,127}\Z"
MESSAGE: Final = "A key starts with a-z or 0-9 and goes on with up to 127 of a-z, 0-9, dot, dash and underscore."

validate_key = RegexValidator(PATTERN, MESSAGE, code="invalid_key")


class KeyField(models.CharField[str, str]):
    """A key of at most 128 characters."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs["max_length"] = 128
        kwargs.setdefault("validators", [validate_key])
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature is open
