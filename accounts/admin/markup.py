"""Small pieces of HTML that several pages of the admin show."""

from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flagsite.lib.text_fields import pretty


@lru_cache(maxsize=4096)
def pill(text: str, kind: str = "", title: str = "") -> SafeString:
    """Return a coloured label; `kind` is success, warning, danger, info, primary or nothing."""
    markup: SafeString = render_to_string(
        "unfold/helpers/label.html",
        {"text": text, "type": kind, "label_title": title, "class": "mr-1 normal-case"},
    )
    return markup


def code(text: str) -> SafeString:
    """Return a text with its line breaks, in letters of one width."""
    return format_html('<pre class="font-mono text-xs whitespace-pre-wrap break-words max-w-4xl">{}</pre>', text)


def json(document: Any) -> SafeString:
    """Return a document as people can read it."""
    return code(pretty(document))
