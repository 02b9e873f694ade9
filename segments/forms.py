"""The form of a segment, until it has screens of its own."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.forms import ProjectChoice, ServiceForm
from accounts.roles import Ability
from flagsite.lib.text_fields import IdListField, JsonTextField
from segments.models import Segment

LISTS = ("included", "excluded")


class SegmentForm(ServiceForm):
    """A segment. A list of ids that is too long for a form is left out of it, and so stays as it is."""

    project = ProjectChoice(Ability.EDIT)
    condition = JsonTextField(
        required=False,
        rows=12,
        help_text='Who is in. For example {"attribute": "country", "operator": "equals", "value": "US"}.',
    )
    included = IdListField(help_text="Ids that are always in, one per line.")
    excluded = IdListField(help_text="Ids that are out unless they are listed above, one per line.")
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    comment = forms.CharField(required=False, max_length=2000, widget=UnfoldAdminTextInputWidget, help_text="Why.")

    fields_of_paths = {"if": "condition"}

    class Meta:
        model = Segment
        fields = ("project", "key", "name", "description", "condition", *LISTS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen_version"] = self.instance.version
        for name in LISTS:
            if not IdListField.holds(getattr(self.instance, name)):
                self.fields.pop(name, None)

    def changes(self) -> dict[str, Any]:
        """Return the fields that are to be other than they are."""
        known = ("name", "description", "condition", *LISTS)
        return {name: self.cleaned_data[name] for name in known if name in self.changed_data}
