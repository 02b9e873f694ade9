"""Forms of a new flag, and of a flag with its state in each environment: rules and the like as the editor's JSON."""

import re
import types
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.forms import ProjectChoice, ServiceForm
from accounts.models import Project, User
from accounts.querysets import people_seen_from
from accounts.roles import Ability
from flags.documents import percentage_number, state_document
from flags.forms.comment import comment_field
from flags.limits import MAX_TAGS
from flags.models import Flag, FlagState
from flagsite.lib.problems import InputError
from flagsite.lib.text_fields import JsonTextField

LISTS = ("rules", "targets", "prerequisites")
LABELS = {
    "enabled": "Enabled",
    "off_variation": "Off variation",
    "fallthrough": "Default rule serves",
    "rollout_percentage": "Rollout percentage",
    "rules": "Rules",
    "targets": "Individual targets",
    "prerequisites": "Prerequisites",
}
STATE_FIELDS = tuple(LABELS)
MAX_TAG = 64


class TagsField(forms.CharField):
    """Tags, separated by commas."""

    def __init__(self) -> None:
        super().__init__(required=False, widget=UnfoldAdminTextInputWidget, help_text="Separated by commas.")

    def prepare_value(self, value: Any) -> Any:
        """Write the tags as they are typed."""
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Return the tags, each once.

        Raises:
            ValidationError: when there are too many, or one is too long.
        """
        found = sorted({tag.strip() for tag in (super().to_python(value) or "").split(",") if tag.strip()})
        if len(found) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in found):
            raise forms.ValidationError(f"At most {MAX_TAGS} tags of at most {MAX_TAG} characters.")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare tags, not texts."""
        try:
            return bool(self.to_python(data) != (initial or []))
        except forms.ValidationError:
            return True


class OwnerField(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic at run time
    """Who answers for the flag: somebody who sees its project, by name."""

    def __init__(self) -> None:
        super().__init__(
            User.objects.none(),
            required=False,
            to_field_name="username",
            empty_label="Nobody",
            widget=UnfoldAdminSelectWidget,
            help_text="Who answers for it, and is asked whether it can go.",
        )

    def offer(self, flag: Flag, *, asks: User) -> None:
        """Offer the people of the flag's project, and whoever is the owner already."""
        people = people_seen_from(Project.objects.filter(pk=flag.project_id), user=asks).filter(is_active=True)
        found = User.objects.filter(Q(pk__in=people.values("pk")) | Q(pk=flag.owner_id))
        self.queryset = found.order_by("username")


class NewFlagForm(ServiceForm):
    """A new flag. It starts disabled in every environment; what it serves where is set on the next page."""

    project = ProjectChoice(Ability.EDIT)
    tags = TagsField()
    variations = JsonTextField(
        required=False,
        help_text='A list such as [{"key": "a", "value": "Hello", "name": "Greeting"}]; a boolean flag may do without.',
    )
    comment = comment_field()

    class Meta:
        model = Flag
        fields = ("project", "name", "key", "description", "type")

    def new_fields(self) -> dict[str, Any]:
        """Return what the service is to be given."""
        data = self.cleaned_data
        given = {name: data[name] for name in ("name", "description", "type", "tags")}
        return given if data["variations"] is None else given | {"variations": data["variations"]}


class FlagForm(ServiceForm):
    """A flag and its state in each environment; `form_of` makes the class with the fields of the environments."""

    tags = TagsField()
    owner = OwnerField()
    variations = JsonTextField(help_text="Shared by all environments. Those that an environment serves cannot go.")
    comment = comment_field()

    states: ClassVar[Sequence[FlagState]] = ()
    proposed: ClassVar[Mapping[str, Any]] = {}
    """What is shown instead of what is there now: the values of a change request that is edited again."""

    class Meta:
        model = Flag
        fields = ("name", "description", "variations")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["tags"] = self.instance.tag_names()
        self.initial["owner"] = self.instance.owner.username if self.instance.owner else ""
        owner = self.fields.get("owner")  # not on a page that is only read
        if isinstance(owner, OwnerField):
            owner.offer(self.instance, asks=self.access.user)
        if not self.is_bound:
            self.initial.update(self.proposed)

    def place_of(self, error: InputError) -> tuple[str, str]:
        """Find the field of an environment that `states[production].rules[0].if` is about."""
        match = re.fullmatch(r"states\[(?P<environment>[^\]]*)\]\.(?P<name>\w+)\.?(?P<rest>.*)", error.path)
        if match is None:
            return super().place_of(error)
        state = next(state for state in self.states if state.environment.key == match["environment"])
        field, rest = field_name(state, match["name"]), match["rest"]
        if field not in self.fields:
            return "", f"{state.environment}: {match['name']}: {error.message}"
        return field, f"{rest}: {error.message}" if rest else error.message

    def shared_changes(self) -> dict[str, Any]:
        """Return what is to change in all environments."""
        known = ("name", "description", "tags", "variations")
        found = {name: self.cleaned_data[name] for name in known if name in self.changed_data}
        if "owner" in self.changed_data:
            owner = self.cleaned_data["owner"]
            found["owner"] = owner.username if owner else ""
        return found

    def state_changes(self) -> dict[str, dict[str, Any]]:
        """Return by key of the environment what is to change there."""
        changes = {
            state.environment.key: {
                name: _wire_value(name, self.cleaned_data[field_name(state, name)])
                for name in STATE_FIELDS
                if field_name(state, name) in self.changed_data
            }
            for state in self.states
        }
        return {key: fields for key, fields in changes.items() if fields}

    def versions_seen(self) -> dict[str, int]:
        """Return by key of the environment the version that the page was made of."""
        seen = {state.environment.key: self.cleaned_data[field_name(state, "version")] for state in self.states}
        return {key: version for key, version in seen.items() if version is not None}


def field_name(state: FlagState, name: str) -> str:
    """Return what a field of a state is called in the form."""
    return f"state_{state.environment_id}_{name}"


def form_of(states: Sequence[FlagState], *, proposed: Mapping[str, Any]) -> type[FlagForm]:
    """Return the form of a flag that has these states; it shows the proposed values in place of the present ones."""
    fields = {field_name(state, name): field for state in states for name, field in _fields(state).items()}
    own = {**fields, "states": states, "proposed": proposed}
    return types.new_class("FlagForm", (FlagForm,), exec_body=lambda body: body.update(own))


def _fields(state: FlagState) -> Mapping[str, forms.Field]:
    document = state_document(state)
    known = ", ".join(entry["key"] for entry in state.flag.variations)
    return {
        "enabled": forms.BooleanField(
            required=False, initial=state.enabled, widget=UnfoldBooleanSwitchWidget, label=LABELS["enabled"]
        ),
        "off_variation": forms.CharField(
            initial=state.off_variation,
            label=LABELS["off_variation"],
            widget=UnfoldAdminTextInputWidget,
            help_text=f"Served when the flag is disabled, and to those outside the rollout. One of: {known}.",
        ),
        "fallthrough": JsonTextField(
            initial=state.fallthrough,
            rows=4,
            label=LABELS["fallthrough"],
            help_text='{"variation": "on"} or {"split": [{"variation": "a", "weight": 50}, …], "bucket_by": "id"}.',
        ),
        "rollout_percentage": forms.DecimalField(
            initial=Decimal(str(percentage_number(state.rollout_percentage))),
            label=LABELS["rollout_percentage"],
            min_value=0,
            max_value=100,
            decimal_places=3,
            error_messages={
                "required": "Write a percentage.",
                "min_value": "From 0 to 100.",
                "max_value": "From 0 to 100.",
                "max_decimal_places": "At most 3 decimals.",
            },
            widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.001"}),
            help_text="How many of those whom no rule or target names the default rule lets in.",
        ),
        "rules": JsonTextField(
            initial=state.rules,
            rows=16 if state.rules else 4,
            required=False,
            label=LABELS["rules"],
            help_text="The first whose condition matches decides: "
            '[{"name": "…", "if": {"segment": "staff"}, "serve": {"variation": "on"}, "rollout_percentage": 25}].',
        ),
        "targets": JsonTextField(
            initial=state.targets,
            rows=4,
            required=False,
            label=LABELS["targets"],
            help_text='[{"variation": "on", "ids": ["user-1"]}].',
        ),
        "prerequisites": JsonTextField(
            initial=document["prerequisites"],
            rows=4,
            required=False,
            label=LABELS["prerequisites"],
            help_text='[{"flag": "other-flag", "variation": "on"}].',
        ),
        "version": forms.IntegerField(required=False, initial=state.version, widget=forms.HiddenInput),
    }


def _wire_value(name: str, value: Any) -> Any:
    if name == "rollout_percentage":
        return percentage_number(value)
    return [] if value is None and name in LISTS else value
