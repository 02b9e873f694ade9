"""How long ago something was, in words: `just now`, `5 minutes ago`. As a filter of every template: `moment|ago`."""

from datetime import datetime, timedelta

from django import template
from django.utils.timesince import timesince

from flagsite.lib import clock

register = template.Library()


@register.filter
def ago(moment: datetime, depth: int = 2) -> str:
    """Return how long ago a moment was, in so many units; less than a minute is just now."""
    now = clock.now()
    return f"{timesince(moment, now, depth=depth)} ago" if now - moment >= timedelta(minutes=1) else "just now"
