"""What a list's rows cost: Unfold makes anew for each row what is the same for all of them. Here it is made once."""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import checkbox
from unfold.templatetags import unfold_list

_PLACE: Final = "a-row-that-nobody-has"
_headers: Final = unfold_list.result_headers


def box_of(pk: object) -> SafeString:
    """Return the box that chooses a row; rendered once in a process, and filled in for each row."""
    before, after = _halves()
    return format_html("{}{}{}", before, pk, after)


@cache
def _halves() -> tuple[SafeString, SafeString]:
    before, _, after = str(checkbox.render(ACTION_CHECKBOX_NAME, _PLACE)).partition(_PLACE)
    return SafeString(before), SafeString(after)  # of a widget that is safe as a whole


def headers_once(cl: Any) -> Iterator[Any]:
    """Yield a list's headers, which each of its rows asks for."""
    if not hasattr(cl, "headers_made"):
        cl.headers_made = list(_headers(cl))
    return iter(cl.headers_made)


unfold_list.result_headers = headers_once
