"""Forms of webhooks and e-mail notices."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.forms import ProjectChoice, ServiceForm
from accounts.models import Environment, Project, User
from accounts.querysets import people_in
from accounts.roles import Ability
from flagsite.lib.text_fields import IdListField
from rollouts.models import MailNotice, Occurrence, Webhook
from rollouts.services.notices import MAX_OVERLAP_HOURS, OVERLAP_HOURS

NONE_IS_ALL = "Choose none to be told of all."


class EnvironmentsChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # no generic at run time
    """Environments of the projects that somebody manages; named with their project where there are several."""

    def __init__(self) -> None:
        super().__init__(
            Environment.objects.none(),
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            help_text=NONE_IS_ALL,
        )
        self.is_told_apart = False

    def offer(self, projects: QuerySet[Project]) -> None:
        """Offer the environments of these projects."""
        self.queryset = Environment.objects.filter(project__in=projects).select_related("project")
        self.is_told_apart = projects.count() > 1

    def label_from_instance(self, obj: Any) -> str:
        """Return the name of an environment, with its project where there are several."""
        return str(obj) if self.is_told_apart else str(obj.name)


class PeopleChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # likewise
    """People who see one of the projects that somebody manages, and have an address."""

    def __init__(self) -> None:
        super().__init__(
            User.objects.none(),
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget,
            help_text="They are told as long as they see the project.",
        )

    def offer(self, projects: QuerySet[Project], *, chosen: Iterable[int]) -> None:
        """Offer the people who see these projects, and those who were chosen while they did."""
        seeing = Q(pk__in=people_in(projects).values("pk"), is_active=True) & ~Q(email="")
        self.queryset = User.objects.filter(seeing | Q(pk__in=chosen)).order_by("username")

    def label_from_instance(self, obj: Any) -> str:
        """Return the person's name and address."""
        return f"{obj.get_username()} ({obj.email})"


class ReceiverForm(ServiceForm):
    """What webhooks and e-mail notices ask alike."""

    project = ProjectChoice(Ability.MANAGE)
    environments = EnvironmentsChoice()
    kinds = forms.MultipleChoiceField(
        required=False,
        label="What is told",
        choices=Occurrence.Kind.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=NONE_IS_ALL,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        environments = self.fields.get("environments")
        if isinstance(environments, EnvironmentsChoice):
            environments.offer(self.projects())

    def projects(self) -> QuerySet[Project]:
        """Return the projects that it may belong to: the one that it does or, while it is new, those one manages."""
        if self.instance.pk is not None:
            return Project.objects.filter(pk=self.instance.project_id)
        return self.access.projects(Ability.MANAGE)

    def clean(self) -> dict[str, Any]:
        """Refuse environments of another project than the one that was chosen."""
        cleaned = super().clean()
        project = cleaned.get("project") or (self.instance.project if self.instance.pk is not None else None)
        if project and any(environment.project_id != project.pk for environment in cleaned.get("environments") or ()):
            self.add_error("environments", f"Choose environments of {project} only.")
        return cleaned

    def fields_given(self, *, all_of_them: bool) -> dict[str, Any]:
        """Return the fields, or those that were changed, as the services take them."""
        named = [name for name in self.fields if name != "project" and (all_of_them or name in self.changed_data)]
        given = {name: self.cleaned_data[name] for name in named}
        if "environments" in given:
            given["environments"] = [environment.key for environment in given["environments"]]
        return given


class WebhookForm(ReceiverForm):
    """A webhook."""

    address = forms.CharField(
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
        help_text="Begins with https://. Whoever manages the project sees it.",
    )

    class Meta:
        model = Webhook
        fields = ("project", "name", "address", "format", "environments", "kinds", "is_active")
        widgets = {"is_active": UnfoldBooleanSwitchWidget}


class MailNoticeForm(ReceiverForm):
    """An e-mail notice."""

    addresses = IdListField(label="Addresses", help_text="One a line.")
    people = PeopleChoice()

    class Meta:
        model = MailNotice
        fields = ("project", "name", "addresses", "people", "environments", "kinds", "is_active")
        widgets = {"is_active": UnfoldBooleanSwitchWidget}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = self.fields.get("people")
        if isinstance(people, PeopleChoice):
            chosen = self.instance.people.values_list("pk", flat=True) if self.instance.pk is not None else ()
            people.offer(self.projects(), chosen=list(chosen))


class RotateSecretForm(forms.Form):
    """How long a secret and its successor both sign."""

    overlap_hours = forms.IntegerField(
        min_value=0,
        max_value=MAX_OVERLAP_HOURS,
        initial=OVERLAP_HOURS,
        label="Hours for which both secrets sign",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Time to put the new one into the receiver. 0: only the new one signs, from now on.",
    )
