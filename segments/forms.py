"""The forms of a segment and of files of ids."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.forms import ProjectChoice, ServiceForm
from accounts.roles import Ability
from flagsite.lib.problems import Refusal
from flagsite.lib.text_fields import IdListField, JsonTextField
from segments.id_files import MAX_FILE_BYTES
from segments.id_layouts import NOTHING, Told
from segments.id_lists import LISTS, Mode
from segments.models import Segment

LOOK = "look"
"""The choice that leaves it to the file what stands between its columns."""


class SegmentForm(ServiceForm):
    """A segment. A list of ids that is too long for a form is left out of it, and so stays as it is."""

    project = ProjectChoice(Ability.EDIT)
    condition = JsonTextField(
        required=False,
        rows=12,
        help_text='Who is in. For example {"attribute": "country", "operator": "equals", "value": "US"}.',
    )
    included = IdListField(label="Listed in", help_text="Ids that are always in, one per line.")
    excluded = IdListField(label="Listed out", help_text="Ids that are out unless they are listed in, one per line.")
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

    def editor_data(self) -> dict[str, Any]:
        """Return what the condition builder is told of the form: its field, and what is wrong with what it holds."""
        refused = self.refusal.errors if self.refusal is not None else ()
        problems = [{"path": error.path, "message": error.message} for error in refused]
        said = self.errors.get("condition", ()) if not problems else ()
        return {
            "condition": self["condition"].id_for_label,
            "problems": problems + [{"path": "if", "message": str(message)} for message in said],
            "refused": self.is_bound,
        }

    def changes(self) -> dict[str, Any]:
        """Return the fields that are to be other than they are."""
        known = ("name", "description", "condition", *LISTS)
        return {name: self.cleaned_data[name] for name in known if name in self.changed_data}


class UploadForm(forms.Form):
    """A file of ids, and what to do with them."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        allow_empty_file=True,
        max_length=300,
        help_text="A plain text with one id per line, or a CSV. UTF-8, at most 100,000 ids and 16 MiB.",
    )
    listed_in = forms.ChoiceField(
        label="List",
        choices=[("included", "Listed in: always in"), ("excluded", "Listed out: out, unless listed in")],
        widget=UnfoldAdminSelectWidget,
    )
    mode = forms.ChoiceField(
        label="What to do",
        choices=[
            (Mode.ADD.value, "Add these ids to the list"),
            (Mode.REMOVE.value, "Remove these ids from the list"),
            (Mode.REPLACE.value, "Replace the whole list by these ids"),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    column = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Of a CSV: the column's number, from 1, or its name in the first line. Empty: the one that the first "
        "line calls id or the like, or the first.",
    )
    has_header = forms.BooleanField(
        required=False,
        label="The first line of the CSV holds names, no ids",
        widget=UnfoldBooleanSwitchWidget,
    )
    delimiter = forms.ChoiceField(
        label="Between the columns",
        choices=[
            (LOOK, "Whatever the file shows"),
            ("none", "Nothing: one id on each line"),
            (",", "Comma"),
            (";", "Semicolon"),
            ("tab", "Tab"),
        ],
        widget=UnfoldAdminSelectWidget,
    )

    def raw(self) -> bytes:
        """Return the file, or so much of it that it is seen to be too long."""
        read: bytes = self.cleaned_data["file"].read(MAX_FILE_BYTES + 1)
        return read

    def told(self) -> Told:
        """Return what was said of the file."""
        column = self.cleaned_data["column"]
        chosen = self.cleaned_data["delimiter"]
        return Told(
            file_name=self.cleaned_data["file"].name,
            separator=None if chosen == LOOK else {"none": NOTHING, "tab": "\t"}.get(chosen, chosen),
            column=int(column) if column.isdecimal() else column or None,
            has_header=self.cleaned_data["has_header"],
        )

    def refuse(self, refusal: Refusal) -> None:
        """Put what the service has refused to its fields."""
        for error in refusal.errors:
            self.add_error(error.path if error.path in self.fields else None, error.message)
        if not refusal.errors:
            self.add_error(None, refusal.detail)


class ConfirmForm(forms.Form):
    """Why the upload is made."""

    comment = forms.CharField(
        required=False, max_length=2000, widget=UnfoldAdminTextInputWidget, help_text="Why; kept in the history."
    )


class SearchForm(forms.Form):
    """Which ids to look for."""

    how = forms.ChoiceField(
        required=False,
        label="Ids that",
        choices=[("prefix", "begin with"), ("contains", "hold")],
        widget=UnfoldAdminSelectWidget,
    )
    q = forms.CharField(
        required=False,
        max_length=512,
        strip=False,
        label="This text",
        widget=UnfoldAdminTextInputWidget,
        help_text="Capital letters count.",
    )
