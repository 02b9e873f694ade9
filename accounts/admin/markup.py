"""Small pieces of HTML that several pages of the admin show."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from flagsite.lib.text_fields import pretty


@lru_cache(maxsize=4096)
def pill(text: str, kind: str = "", title: str = "") -> SafeString:
    """Return a coloured label; `kind` is success, warning, danger, info, primary or nothing."""
    return format_html('<span class="pill {}" title="{}">{}</span>', f"pill-{kind}" if kind else "", title, text)


def pills(labels: Iterable[SafeString]) -> SafeString:
    """Return labels in a row that breaks where it must."""
    return format_html('<div class="pills">{}</div>', SafeString("".join(labels)))


def code(text: str, style: str = "") -> SafeString:
    """Return a text with its line breaks, in letters of one width."""
    return format_html('<pre class="code {}">{}</pre>', style, text)


def json(document: Any, style: str = "") -> SafeString:
    """Return a document as people can read it."""
    return code(pretty(document), style)
