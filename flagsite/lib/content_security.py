"""What the admin's pages may beside the content security policy of all."""

from collections.abc import Callable
from typing import Any, Final

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update

BUILT_BY_ALPINE: Final = {"script-src": [UNSAFE_EVAL], "style-src-attr": [UNSAFE_INLINE]}
"""Alpine compiles the expressions in Unfold's attributes, and sets styles of single elements. Scripts and style sheets
still come from our files, or carry the request's nonce."""


def built_by_alpine(view: Callable[..., Any]) -> Any:
    """Let the view's pages do what Unfold's pages do."""
    return csp_update(BUILT_BY_ALPINE)(view)
