"""What is done with several flags at once: asked for, checked, and as edits."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.models import Environment
from flags.editing.edits import Edit, FlagDeletion, FlagEdit
from flags.limits import MAX_TAGS
from flags.models import Flag

TITLES: Final = {
    "on": "Turn on {}",
    "off": "Turn off {}",
    "tag": "Add a tag to {}",
    "untag": "Remove a tag from {}",
    "delete": "Delete {}",
}
"""What can be done, with what the page is called."""
SWITCHES: Final = frozenset({"on", "off"})
TAGS: Final = frozenset({"tag", "untag"})


class TogetherForm(forms.Form):
    """What, where or which tag, and why."""

    what = forms.ChoiceField(choices=list(TITLES.items()), widget=forms.HiddenInput)
    environment = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    tag = forms.CharField(required=False, max_length=64, widget=UnfoldAdminTextInputWidget)
    comment = forms.CharField(
        label="Why", required=False, max_length=2000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, environments: Iterable[Environment], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(each.key, each.name) for each in environments]
        self.fields["environment"] = forms.ChoiceField(choices=named, required=False, widget=UnfoldAdminSelectWidget)

    def asks_for(self) -> list[str]:
        """Return which fields the step needs."""
        what = self["what"].value()
        return ["environment"] * (what in SWITCHES) + ["tag"] * (what in TAGS) + ["comment"]

    def clean(self) -> dict[str, Any]:
        """Ask for the environment or for the tag, whichever the step needs."""
        for name in self.asks_for():
            if name != "comment" and name not in self.errors and not self.cleaned_data.get(name):
                self.add_error(name, f"Say which {name}.")
        return self.cleaned_data


def title_of(what: str, number: int) -> str:
    """Return what the page is called."""
    return TITLES.get(what, "Change {}").format(f"{number} flag{'s' * (number != 1)}")


def edits_of(flags: Sequence[Flag], asked: dict[str, Any]) -> list[Edit]:
    """Return the edits of the flags that the step changes at all; they were fetched with their states."""
    found = [_edit(flag, asked) for flag in flags]
    return [edit for edit in found if edit]


def too_many_tags(edits: Iterable[Edit]) -> list[str]:
    """Return the keys of the flags that would have more tags than a flag may have."""
    return [edit.key for edit in edits if isinstance(edit, FlagEdit) and len(edit.shared.get("tags", ())) > MAX_TAGS]


def _edit(flag: Flag, asked: dict[str, Any]) -> Edit | None:
    versions = {state.environment.key: state.version for state in flag.states.all()}
    what, where, tags = asked["what"], asked["environment"], set(flag.tag_names())
    if what == "delete":
        return FlagDeletion(flag.key, versions)
    if what in SWITCHES:
        wanted = what == "on"
        is_so = {state.environment.key: state.enabled for state in flag.states.all()}
        if is_so.get(where, wanted) is wanted:
            return None
        return FlagEdit(flag.key, states={where: {"enabled": wanted}}, versions={where: versions[where]})
    new = tags | {asked["tag"]} if what == "tag" else tags - {asked["tag"]}
    return FlagEdit(flag.key, shared={"tags": sorted(new)}, versions=versions) if new != tags else None
