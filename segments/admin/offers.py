"""What the condition builder asks for while somebody writes a condition: attributes, segments, who is in one.

Each answer concerns one project that the person may see, and is short however much the project has.
"""

from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse

from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of
from accounts.models import Project
from accounts.roles import Ability
from segments.attributes import attributes_of, values_of
from segments.querysets import segments_of, with_lengths
from segments.vocabulary import operators
from segments.wording import condition_in_words

MAX_OFFERED = 30
"""Segments or flags that are suggested at once; typing narrows them down."""


def project_seen(request: HttpRequest, pk: int) -> Project:
    """Return the project.

    Raises:
        Http404: when there is none of this id, or the person may not see it.
    """
    return get_object_or_404(access_of(request).projects(Ability.VIEW), pk=pk)


def builder_data() -> dict[str, Any]:
    """Return what every page with a condition builder needs; in the addresses, 0 stands for the project's id."""
    names = {"attributes": "attributes", "segments": "offers", "peek": "peek"}
    addresses = {name: reverse(f"admin:segments_segment_{view}", args=[0]) for name, view in names.items()}
    return {"operators": list(operators()), "addresses": addresses}


class OffersPages(GuardedAdmin):
    """The addresses that the builder asks."""

    def get_urls(self) -> list[Any]:
        """Return the addresses."""
        guard = self.admin_site.admin_view
        own: list[Any] = [
            path("offers/<int:project>/", guard(self.offers_view), name="segments_segment_offers"),
            path("peek/<int:project>/", guard(self.peek_view), name="segments_segment_peek"),
            path("attributes/<int:project>/", guard(self.attributes_view), name="segments_segment_attributes"),
        ]
        return [*own, *super().get_urls()]

    def offers_view(self, request: HttpRequest, project: int) -> JsonResponse:
        """Return the segment of that key, and the first whose key, name or description holds the text."""
        seen, text = project_seen(request, project), request.GET.get("q", "").replace("\0", "")
        exact = segments_of(seen).filter(key=text).values("key", "name")
        rest = segments_of(seen, search=text).exclude(key=text).order_by("key").values("key", "name")
        return JsonResponse({"segments": [*exact, *rest[:MAX_OFFERED]]})

    def peek_view(self, request: HttpRequest, project: int) -> JsonResponse:
        """Return who is in a segment: its condition in words, and how many ids it lists."""
        rows = segments_of(project_seen(request, project)).filter(key=request.GET.get("key", "").replace("\0", ""))
        segment = with_lengths(rows).defer("included", "excluded").first()
        if segment is None:
            raise Http404
        return JsonResponse(
            {
                "key": segment.key,
                "name": segment.name,
                "description": segment.description,
                "words": "" if segment.condition is None else condition_in_words(segment.condition),
                "included": segment.included_held,
                "excluded": segment.excluded_held,
                "address": self.address("change", segment.pk),
            }
        )

    def attributes_view(self, request: HttpRequest, project: int) -> JsonResponse:
        """Return the attributes that are known in the project, with their kinds, and some values that were seen."""
        seen = project_seen(request, project)
        return JsonResponse({"attributes": attributes_of(seen), "values": values_of(seen)})
