"""A flag's own page: an editor with a tab for each environment, cards for viewers, templates for a new flag."""

from typing import Any

import orjson
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of
from flags.admin.flags.cards import cards_of, named_variations
from flags.admin.flags.editor import editor_data, new_flag_data
from flags.admin.flags.rollout_cards import rollout_cards
from flags.admin.reviews.pending import pending_about
from flags.admin.reviews.revising import proposed_values, revised
from flags.documents import state_document
from flags.editing.starters import starter_named
from flags.forms.flags import STATE_FIELDS, NewFlagForm, field_name, form_of
from flags.models import Flag
from flagsite.lib.text_fields import pretty
from segments.admin.offers import MAX_OFFERED, project_seen


class FlagPage(GuardedAdmin):
    """The page's form, what its template is told, and the flags that it suggests as prerequisites."""

    add_form = NewFlagForm
    add_fieldsets = (
        (None, {"fields": ("project", "name", "key", "description", "type", "tags", "variations", "comment")}),
    )

    def get_urls(self) -> list[Any]:
        """Return the address of the suggestions."""
        guard = self.admin_site.admin_view
        return [path("offers/<int:project>/", guard(self.offers_view), name="flags_flag_offers"), *super().get_urls()]

    def offers_view(self, request: HttpRequest, project: int) -> JsonResponse:
        """Return the first flags whose key or name holds the text, with their variations."""
        text = request.GET.get("q", "").replace("\0", "")
        rows = Flag.objects.filter(
            Q(key__icontains=text) | Q(name__icontains=text), project=project_seen(request, project)
        )
        exact = rows.filter(key=text).values_list("key", "name", "variations")
        found = [*exact, *rows.exclude(key=text).order_by("key").values_list("key", "name", "variations")[:MAX_OFFERED]]
        flags = [
            {
                "key": key,
                "name": name,
                "variations": [{"key": one["key"], "name": one.get("name", "")} for one in variations],
            }
            for key, name, variations in found
        ]
        return JsonResponse({"flags": flags})

    def get_form(self, request: HttpRequest, obj: Flag | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, with the fields of each environment."""
        if obj is not None:
            kwargs["form"] = form_of(list(obj.states.all()), proposed=self._proposed(request, obj))
        return super().get_form(request, obj, change=change, **kwargs)

    def _proposed(self, request: HttpRequest, flag: Flag) -> dict[str, Any]:
        revising = revised(request, flag)
        return proposed_values(revising[1], flag) if revising else {}

    def get_fieldsets(self, request: HttpRequest, obj: Flag | None = None) -> Any:
        """Return the fields of the form; where they stand is the template's business."""
        if obj is None:
            return self.add_fieldsets
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": ["project", "key", "type", "name", "description"]})]
        own = [field_name(state, name) for state in obj.states.all() for name in (*STATE_FIELDS, "version")]
        shared = ["project", "key", "type", "name", "description", "tags", "owner", "variations", "comment"]
        return [(None, {"fields": [*shared, *own]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Flag | None = None) -> tuple[str, ...]:
        """Return what never changes."""
        del request
        return () if obj is None else ("project", "key", "type")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new flag from the template that the address names."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        starter = starter_named(request.GET.get("template", ""))
        if starter:
            initial |= {"type": starter.type, "tags": list(starter.tags), "variations": list(starter.variations)}
        return initial

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add what the editor, or the cards, show."""
        flag, form = context.get("original"), context["adminform"].form
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if flag is None:
            context["page_data"] = _json(new_flag_data(form))
            return self._rendered(request, context, *args, **kwargs)
        context["pending"] = pending_about(flag)
        if self.has_change_permission(request, flag):
            context["page_data"] = _json(editor_data(form, flag, rollout_cards(access_of(request), flag)))
            context["revising"] = revised(request, flag)
            context["errors"] = None  # the editor names each, and leads there
            context["hidden_fields"] = [
                form["variations"],
                *(form[name] for name in form.fields if name.startswith("state_")),
            ]
        else:
            documents = [(state.environment, state_document(state)) for state in flag.states.all()]
            rollouts = rollout_cards(access_of(request), flag)
            context["read_only"] = [
                (environment, cards_of(document, flag.variations), pretty(document), rollouts.get(environment.key))
                for environment, document in documents
            ]
            named = named_variations(flag.variations)
            context["variations"] = [(named[one["key"]], pretty(one["value"])) for one in flag.variations]
        return self._rendered(request, context, *args, **kwargs)

    def _rendered(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer


def _json(document: Any) -> str:
    return orjson.dumps(document).decode()
