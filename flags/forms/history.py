"""The form of the history: why something is restored."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget


class RestoreForm(forms.Form):
    """Why an earlier state is brought back, and which version of the present one was seen."""

    comment = forms.CharField(max_length=2000, required=False, label="Why", widget=UnfoldAdminTextInputWidget())
    version = forms.IntegerField(required=False, widget=forms.HiddenInput())
