"""What is sent back from the review of a change request: why, when, and which side wins."""

from datetime import UTC
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from flags.editing.merging import MINE, THEIRS
from flagsite.lib.problems import Refusal

CHOICE: Final = "choice:"
"""How the name of a clash's field begins; the clash's place follows."""


class ReviewForm(forms.Form):
    """Why it is published or approved, when, and the version that was reviewed."""

    comment = forms.CharField(
        label="Why",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="It is kept in the history.",
    )
    at = forms.DateTimeField(
        label="Publish at (UTC); empty: now",
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def clean_at(self) -> Any:
        """Return the moment in UTC, which is what the field says it is in."""
        at = self.cleaned_data["at"]
        return at.astimezone(UTC) if at else None

    def refuse(self, refusal: Refusal) -> None:
        """Put what a service refused to its fields."""
        self.is_valid()
        for error in refusal.errors:
            field = "at" if error.path == "publish_at" else error.path
            if field in self.fields:
                self.add_error(field, error.message)
            elif error.message not in self.non_field_errors():
                self.add_error(None, error.message)
        if not refusal.errors:
            self.add_error(None, refusal.detail)


class WithdrawForm(forms.Form):
    """Why somebody takes back what they proposed, if they say so."""

    comment = forms.CharField(label="Why (optional)", required=False, max_length=2000)


class DeclineForm(forms.Form):
    """Why somebody else's change is declined, and the version that was reviewed."""

    comment = forms.CharField(
        label="Why not", max_length=2000, error_messages={"required": "Say why: whoever proposed it reads it."}
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class MergeForm(forms.Form):
    """Which side wins where both changed the same; the fields of the clashes are read by their names."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def choices(self) -> dict[str, str]:
        """Return by place of a clash which side was chosen."""
        sent = {name.removeprefix(CHOICE): value for name, value in self.data.items() if name.startswith(CHOICE)}
        return {place: side for place, side in sent.items() if side in {MINE, THEIRS}}
