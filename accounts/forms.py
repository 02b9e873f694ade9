"""Forms of the admin; what they mean and whether they are allowed is decided by the services."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm
from django.db.models import QuerySet
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.errors import KeyTaken
from accounts.models import ApiToken, Environment, Invitation, Project, ServerKey, User
from accounts.permissions import Access
from accounts.querysets import Held, roles_held
from accounts.roles import Ability, Role
from accounts.services.keys import MAX_OVERLAP_HOURS, OVERLAP_HOURS
from flagsite.lib.problems import InputError, Refusal
from flagsite.lib.text_fields import IdListField

NO_ROLE = ("", "No role")
ROLES = [(role.value, role.value.title()) for role in Role]


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A form whose content goes to a service; when that refused it, the reasons appear at their fields."""

    access: ClassVar[Access]
    refusal: ClassVar[Refusal | None] = None
    known_by: ClassVar[str] = "key"
    """The field by which rows are told apart."""
    fields_of_paths: ClassVar[Mapping[str, str]] = {}
    """Names that services use for a field which is called otherwise here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, ProjectChoice | EnvironmentChoice):
                field.offer(self.access)

    def clean(self) -> dict[str, Any]:
        """Put what the service has refused to its fields."""
        cleaned = super().clean() or self.cleaned_data
        if self.refusal is not None:
            for error in self.refusal.errors or self._whole(self.refusal):
                field, message = self.place_of(error)
                self.add_error(field if field in self.fields else None, message)
        return cleaned

    def _whole(self, refusal: Refusal) -> list[InputError]:
        """Return a refusal that names no place; a key that is taken is about the key."""
        return [InputError(self.known_by if isinstance(refusal, KeyTaken) else "", refusal.detail)]

    def _get_validation_exclusions(self) -> set[str]:
        """Leave it to the services whether the project has the key already: they say so at the key."""
        return {*super()._get_validation_exclusions(), "project"}  # type: ignore[misc]  # Django's, undeclared

    def place_of(self, error: InputError) -> tuple[str, str]:
        """Return the field that an error is about, and what to say there."""
        name = re.split(r"[.\[]", error.path, maxsplit=1)[0]
        field = self.fields_of_paths.get(name, name)
        rest = error.path[len(name) :].lstrip(".") if field in self.fields else error.path
        return field, f"{rest}: {error.message}" if rest else error.message


class ProjectChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # no generic at run time
    """One of the projects in which the person has an ability."""

    def __init__(self, ability: Ability, **kwargs: Any) -> None:
        super().__init__(queryset=Project.objects.none(), widget=UnfoldAdminSelectWidget, **kwargs)
        self.ability = ability

    def offer(self, access: Access) -> None:
        """Offer this person's projects; the only one is chosen already."""
        self.queryset = access.projects(self.ability)
        self.initial = _only(self.queryset)


class EnvironmentChoice(forms.ModelChoiceField):  # type: ignore[type-arg]  # likewise
    """One of the environments of the projects in which the person has an ability."""

    def __init__(self, ability: Ability, **kwargs: Any) -> None:
        super().__init__(queryset=Environment.objects.none(), widget=UnfoldAdminSelectWidget, **kwargs)
        self.ability = ability

    def offer(self, access: Access) -> None:
        """Offer the environments of this person's projects."""
        projects = access.projects(self.ability)
        self.queryset = Environment.objects.filter(project__in=projects).select_related("project")
        self.initial = _only(self.queryset)


def _only(rows: QuerySet[Any]) -> Any:
    found = list(rows.values_list("pk", flat=True)[:2])
    return found[0] if len(found) == 1 else None


class ProjectForm(ServiceForm):
    """What a project is called, what may be kept of contexts, and somebody to be let in."""

    recorded_attributes = IdListField(
        label="Attributes that are kept",
        help_text="One path a line, such as country or organisation.id; empty: the id and nothing else.",
    )
    hash_context_ids = forms.BooleanField(
        required=False,
        label="Keep ids only as hashes",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Records and logs then do not tell who somebody was; who knows an id can still ask for it.",
    )
    person = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Name with which they sign in. To change or withdraw a role, open the person.",
    )
    role = forms.ChoiceField(
        required=False,
        choices=[NO_ROLE, *ROLES],
        widget=UnfoldAdminSelectWidget,
        help_text="Viewers read; editors change flags and segments; "
        "admins manage people, environments, keys and notices too.",
    )

    class Meta:
        model = Project
        fields = ("key", "name", "description", "recorded_attributes", "hash_context_ids")

    def clean(self) -> dict[str, Any]:
        """Find the person who is to be let in."""
        cleaned = super().clean()
        username, role = cleaned.get("person"), cleaned.get("role")
        if username and not role:
            self.add_error("role", "Choose a role for the person.")
        if role and not username:
            self.add_error("person", "Who is to have this role?")
        if username:
            cleaned["person"] = User.objects.filter(username=username).first()
            if cleaned["person"] is None:
                self.add_error("person", f"There is nobody called `{username}`.")
        return cleaned


class UserForm(ServiceForm):
    """What is known of a person, and their role in each project that the one who asks manages."""

    known_by = "username"

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name", "is_active", "is_superuser")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {held.project: held.role for held in roles_held(self.instance) if not held.group}
        for name, field in self.fields.items():
            if isinstance(field, RoleField):
                self.initial[name] = own.get(field.project) or ""

    def changed_roles(self) -> list[tuple[Project, Role | None]]:
        """Return the projects in which the person is to have another role, or none."""
        fields = [(name, self.fields[name]) for name in self.changed_data]
        return [
            (field.project, Role(self.cleaned_data[name]) if self.cleaned_data[name] else None)
            for name, field in fields
            if isinstance(field, RoleField)
        ]


class RoleField(forms.ChoiceField):
    """The role of a person in one project."""

    def __init__(self, project: Project, through_group: Held | None = None) -> None:
        super().__init__(
            required=False,
            label=project.name,
            choices=[NO_ROLE, *ROLES],
            widget=UnfoldAdminSelectWidget,
            help_text=f"Beside this: {through_group}. What a group gives is not taken away here."
            if through_group
            else "",
        )
        self.project = project


class InvitationForm(ServiceForm):
    """Whom to invite, and their role in each project that the one who asks manages."""

    class Meta:
        model = Invitation
        fields = ("email",)
        widgets = {"email": UnfoldAdminEmailInputWidget(attrs={"autocomplete": "off"})}

    def roles(self) -> dict[Project, Role]:
        """Return the roles that were chosen."""
        fields = [(field, self.cleaned_data[name]) for name, field in self.fields.items()]
        return {field.project: Role(chosen) for field, chosen in fields if isinstance(field, RoleField) and chosen}


class NewcomerForm(BaseUserCreationForm):  # type: ignore[type-arg]  # no generic at run time
    """What somebody who accepts an invitation says of themselves; the address is that of the invitation."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("username", "first_name", "last_name"):
            self.fields[name].widget = UnfoldAdminTextInputWidget(attrs=self.fields[name].widget.attrs)
        for name in ("password1", "password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"})
        self.fields["username"].help_text = "With this name you sign in."


class ServerKeyForm(ServiceForm):
    """A new key of an environment."""

    environment = EnvironmentChoice(Ability.MANAGE)

    class Meta:
        model = ServerKey
        fields = ("environment", "name", "expires_at")


class ApiTokenForm(ServiceForm):
    """A new token; superusers may make one for somebody else."""

    user = forms.ModelChoiceField(queryset=User.objects.none(), widget=UnfoldAdminSelectWidget, label="Acts for")

    class Meta:
        model = ApiToken
        fields = ("user", "name", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(is_active=True).order_by("username")
        choice = self.fields["user"]
        choice.queryset = people if self.access.unlimited else people.filter(pk=self.access.user.pk)  # type: ignore[attr-defined]  # it is a ModelChoiceField
        choice.initial = self.access.user.pk


class RevokeForm(ServiceForm):
    """All that can be done with a key that is in force."""

    revoke = forms.BooleanField(
        required=False,
        label="Revoke now",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Whoever uses this key is refused from the next request on. This cannot be undone.",
    )


class RotateForm(forms.Form):
    """How long a key and its successor both work."""

    overlap = forms.IntegerField(
        min_value=0,
        max_value=MAX_OVERLAP_HOURS,
        initial=OVERLAP_HOURS,
        label="Hours for which the old key still works",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Time to move every service to the new key. 0: the old key is refused at once.",
    )
