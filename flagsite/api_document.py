"""The OpenAPI document, made once for each process: it says the same to everybody, and takes a while to make.

What it says beside the views is `flagsite.openapi`.
"""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


class KeptSchema(SchemaGenerator):
    """drf-spectacular's generator, asked once."""

    def get_schema(self, request: object = None, public: bool = False) -> Any:
        """Return the document; who asks makes no difference."""
        del request
        return made(public=public)


@cache
def made(*, public: bool) -> Any:
    """Return the document, which nobody changes."""
    return SchemaGenerator().get_schema(request=None, public=public)  # type: ignore[no-untyped-call]  # published so
