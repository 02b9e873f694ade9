"""Forms of the history: why something is restored, and for whom a past moment is asked about."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from flagsite.lib.text_fields import JsonTextField


class RestoreForm(forms.Form):
    """Why an earlier state is brought back, and which version of the present one was seen."""

    comment = forms.CharField(max_length=2000, required=False, label="Why", widget=UnfoldAdminTextInputWidget())
    version = forms.IntegerField(required=False, widget=forms.HiddenInput())


class PastContextForm(forms.Form):
    """Whom to decide a flag for."""

    id = forms.CharField(max_length=512, label="Context id", widget=UnfoldAdminTextInputWidget())
    attributes = JsonTextField(rows=5, required=False, label="Attributes, as JSON")

    def clean_attributes(self) -> dict[str, Any]:
        """Return the attributes.

        Raises:
            ValidationError: when they are no JSON object.
        """
        attributes = self.cleaned_data["attributes"]
        if attributes is None:
            return {}
        if not isinstance(attributes, dict):
            raise forms.ValidationError('Attributes are a JSON object, such as {"country": "US"}.')
        return attributes
