"""What every further page of a segment has in common: who may open it, and what its template is told."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse

from accounts.admin.guarded import GuardedAdmin
from segments.id_lists import LISTS
from segments.models import Segment

IN_WORDS = {"included": "listed in", "excluded": "listed out"}


class SegmentPages(GuardedAdmin):
    """Pages below a segment's own."""

    def segment_at(self, request: HttpRequest, pk: int, *, to_change: bool = False) -> Segment:
        """Return the segment.

        Raises:
            Http404: when the person cannot see it.
            PermissionDenied: when they may not change it and that is what the page is for.
        """
        segment = self.get_object(request, str(pk))
        if not isinstance(segment, Segment):
            raise Http404
        allowed = self.has_change_permission if to_change else self.has_view_permission
        if not allowed(request, segment):
            raise PermissionDenied
        return segment

    def list_named(self, name: str) -> str:
        """Return the name of a list.

        Raises:
            Http404: when a segment has no such list.
        """
        if name not in LISTS:
            raise Http404
        return name

    def page(self, request: HttpRequest, segment: Segment, template: str, **context: Any) -> TemplateResponse:
        """Return a page within the admin."""
        about = {"opts": self.opts, "original": segment, "segment": segment, "back": self.address("change", segment.pk)}
        path = f"admin/segments/segment/{template}.html"
        return TemplateResponse(request, path, self.admin_site.each_context(request) | about | context)
