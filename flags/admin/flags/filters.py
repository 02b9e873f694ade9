"""What the list of flags can be narrowed down to; only what the person may see is offered."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin.filters import chosen
from accounts.admin.requests import access_of
from accounts.models import Environment, User
from accounts.roles import Ability
from flags.models import Flag, FlagState, FlagTag
from flags.usage.last_asked import stale_in
from flags.usage.staleness import Kind
from flagsite.lib import clock

NOBODY = "-"
ANY = "any"
FULL: dict[str, Any] = {"enabled": True, "rollout_percentage": 100, "rules": [], "targets": []}
"""A state whose default rule decides for everybody."""


class TagFilter(SimpleListFilter):
    """Flags that carry one tag."""

    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tags of the flags that the person may see."""
        del model_admin
        tags = FlagTag.objects.filter(flag__project__in=access_of(request).projects(Ability.VIEW))
        return [(name, name) for name in tags.order_by("name").values_list("name", flat=True).distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the flags with the chosen tag."""
        del request
        return chosen(self, queryset, "tags__name")


class OwnerFilter(SimpleListFilter):
    """Flags that one person answers for, or nobody."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the owners of the flags that the person may see."""
        del model_admin
        flags = Flag.objects.filter(project__in=access_of(request).projects(Ability.VIEW))
        owners = User.objects.filter(pk__in=flags.exclude(owner=None).values("owner"))
        return [(NOBODY, "Nobody"), *((name, name) for name in owners.values_list("username", flat=True))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen person's flags."""
        del request
        return queryset.filter(owner=None) if self.value() == NOBODY else chosen(self, queryset, "owner__username")


class StateFilter(SimpleListFilter):
    """Flags that are off, on for everybody, or on for some in the environments of one name."""

    title = "environment"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the environments that the person may see, each name once, with what a flag can be there."""
        del model_admin
        seen = Environment.objects.filter(project__in=access_of(request).projects(Ability.VIEW))
        keys = dict.fromkeys(seen.order_by("position", "key").values_list("key", flat=True))
        words = (("on", "on"), ("some", "on for some"), ("off", "off"))
        return [(f"{key}:{state}", f"{key}: {told}") for key in keys for state, told in words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the flags that are so in the chosen environment."""
        del request
        value = self.value()
        if value is None:
            return queryset
        if value not in dict(self.lookup_choices):
            return queryset.none()
        key, _, wanted = value.rpartition(":")
        states = FlagState.objects.filter(environment__key=key, enabled=wanted != "off")
        if wanted == "on":
            states = states.filter(**FULL)
        elif wanted == "some":
            states = states.exclude(**FULL)
        return queryset.filter(pk__in=states.values("flag"))


class StaleFilter(SimpleListFilter):
    """Flags that have outlived their use."""

    title = "stale"
    parameter_name = "stale"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the reasons."""
        del request, model_admin
        return [
            (ANY, "For any reason"),
            (Kind.NOT_ASKED, "Not asked for"),
            (Kind.ROLLED_OUT, "Rolled out"),
            (Kind.SAME_FOR_ALL, "Decides nothing"),
            (Kind.OFF, "Off everywhere"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the flags that are stale for the chosen reason."""
        value = self.value()
        if value is None:
            return queryset
        seen = Flag.objects.filter(project__in=access_of(request).projects(Ability.VIEW))
        stale = stale_in(seen, now=clock.now())
        return queryset.filter(pk__in=[pk for pk, found in stale.items() if value in {ANY, found.kind}])
