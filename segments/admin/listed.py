"""The ids of a segment, of which there may be many: counted, searched, downloaded, and never rendered whole."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.utils.http import content_disposition_header

from segments.admin.pages import IN_WORDS, SegmentPages
from segments.forms import SearchForm
from segments.id_files import written_csv
from segments.id_lists import LISTS, search
from segments.models import Segment
from segments.uses import uses_of

MAX_FOUND = 100
"""Ids that one search shows; it counts them all."""


class ListedIdsPages(SegmentPages):
    """Search and download, and the panel of the segment's page that leads there."""

    change_form_outer_after_template = "admin/segments/segment/panel.html"

    def get_urls(self) -> list[Any]:
        """Return the addresses of search and download."""
        guard = self.admin_site.admin_view
        own: list[Any] = [
            path("<int:pk>/ids/<str:name>/", guard(self.ids_view), name="segments_segment_ids"),
            path("<int:pk>/ids/<str:name>/download/", guard(self.download_view), name="segments_segment_download"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add what the panel shows of a segment that is there."""
        segment = context.get("original")
        if isinstance(segment, Segment):
            context["panel"] = {
                "lists": [self._summary(segment, name) for name in LISTS],
                "uses": [(use, reverse(f"admin:{use.page}_change", args=[use.pk])) for use in uses_of(segment)],
                "upload": self.address("upload", segment.pk) if self.has_change_permission(request, segment) else "",
            }
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def _summary(self, segment: Segment, name: str) -> dict[str, Any]:
        return {
            "words": IN_WORDS[name].capitalize(),
            "count": f"{len(getattr(segment, name)):,}",
            "search": self.address("ids", segment.pk, name),
            "download": self.address("download", segment.pk, name),
        }

    def ids_view(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Show the first ids that the search finds, and how many there are."""
        segment = self.segment_at(request, pk)
        ids = getattr(segment, self.list_named(name))
        form = SearchForm(request.GET)
        asked = form.cleaned_data if form.is_valid() else {}
        found = search(ids, asked.get("q", ""), prefix=asked.get("how") != "contains", most=MAX_FOUND)
        return self.page(
            request,
            segment,
            "ids",
            title=f"{segment}: ids {IN_WORDS[name]}",
            form=form,
            found=found,
            total=f"{found.total:,}",
            count=f"{len(ids):,}",
            download=self.address("download", segment.pk, name),
        )

    def download_view(self, request: HttpRequest, pk: int, name: str) -> StreamingHttpResponse:
        """Send the list as a CSV, some thousand lines at a time."""
        segment = self.segment_at(request, pk)
        chunks = written_csv(getattr(segment, self.list_named(name)))
        body = _awaited(chunks) if isinstance(request, ASGIRequest) else chunks
        filename = f"{segment.project.key}-{segment.key}-{name}.csv"
        disposition = content_disposition_header(as_attachment=True, filename=filename) or ""
        headers = {"Content-Disposition": disposition}
        return StreamingHttpResponse(body, content_type="text/csv; charset=utf-8", headers=headers)


async def _awaited(chunks: Iterable[str]) -> AsyncIterator[str]:
    for chunk in chunks:
        yield chunk
