"""The field that asks why."""

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget


def comment_field() -> forms.CharField:
    """Return the field of a change's comment."""
    return forms.CharField(
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="Why; it is kept in the history.",
    )
