"""Keys inside addresses: `flags/<key:key>`.

Importing this module makes the converter known to Django; whoever lists addresses does.
"""

from django.urls import register_converter
from django.urls.converters import StringConverter


class KeyConverter(StringConverter):
    """Any text up to the next slash; an address with a NUL character, which no database can be asked for, is none.

    A text that cannot be a key is let through: that there is no such flag is a better answer than no such address.
    """

    regex = r"[^/\x00]+"


register_converter(KeyConverter, "key")
