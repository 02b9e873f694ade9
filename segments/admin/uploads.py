"""Uploading ids: choose a file, see what it would do, and take it to the review."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path

from accounts.admin.requests import actor_of
from flagsite.lib.problems import NotAllowed, Refusal
from segments.admin.pages import IN_WORDS, SegmentPages
from segments.admin.proposing import propose_edit
from segments.errors import UploadNotFound
from segments.forms import ConfirmForm, UploadForm
from segments.id_lists import LISTS, ListChange, Mode, change_of
from segments.models import IdUpload, Segment
from segments.querysets import upload_of
from segments.services import keep_upload, take_upload

FIRST_ROWS = 20
"""Ids that a preview names, of those that come and of those that go."""


class UploadPages(SegmentPages):
    """The two steps."""

    def get_urls(self) -> list[Any]:
        """Return the addresses of the steps, before those that take any id."""
        guard = self.admin_site.admin_view
        own: list[Any] = [
            path("<int:pk>/upload/", guard(self.upload_view), name="segments_segment_upload"),
            path("<int:pk>/upload/<uuid:upload>/", guard(self.preview_view), name="segments_segment_preview"),
        ]
        return [*own, *super().get_urls()]

    def upload_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take a file; what is wrong with all of it is said at its field."""
        segment = self.segment_at(request, pk, to_change=True)
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if form.is_bound and form.is_valid():
            try:
                kept = keep_upload(
                    segment,
                    listed_in=form.cleaned_data["listed_in"],
                    mode=Mode(form.cleaned_data["mode"]),
                    raw=form.raw(),
                    told=form.told(),
                    by=actor_of(request),
                )
            except NotAllowed as refusal:
                raise PermissionDenied(refusal.detail) from None
            except Refusal as refusal:
                form.refuse(refusal)
            else:
                return HttpResponseRedirect(self.address("preview", segment.pk, kept.pk))
        return self.page(request, segment, "upload", title=f"Upload ids into {segment}", form=form)

    def preview_view(self, request: HttpRequest, pk: int, upload: UUID) -> HttpResponse:
        """Show what the upload would do; when it is confirmed, propose it."""
        segment = self.segment_at(request, pk, to_change=True)
        form = ConfirmForm(request.POST) if request.method == "POST" else ConfirmForm()
        try:
            kept = upload_of(actor_of(request).user, segment=segment, pk=upload)
            if form.is_bound and form.is_valid():
                return HttpResponseRedirect(self._proposed(request, segment, kept, form.cleaned_data["comment"]))
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except UploadNotFound as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(self.address("upload", segment.pk))
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
        return self.page(request, segment, "preview", form=form, **self._preview(segment, kept))

    @transaction.atomic
    def _proposed(self, request: HttpRequest, segment: Segment, kept: IdUpload, comment: str) -> str:
        """Propose what the upload makes of the segment, and return where that is reviewed."""
        by = actor_of(request)
        fields, version = take_upload(segment, upload=kept.pk, by=by)
        review = propose_edit(segment, fields=fields, version=version, by=by, comment=comment)
        return review or self.address("change", segment.pk)

    def _preview(self, segment: Segment, kept: IdUpload) -> dict[str, Any]:
        change = change_of(getattr(segment, kept.listed_in), kept.ids, Mode(kept.mode))
        (other,) = set(LISTS) - {kept.listed_in}
        return {
            "title": f"Review the upload into {segment}",
            "kept": kept,
            "list_in_words": IN_WORDS[kept.listed_in],
            "numbers": [(what, f"{number:,}") for what, number in _numbers(kept, change)],
            "added": len(change.added),
            "removed": len(change.removed),
            "first_added": change.added[:FIRST_ROWS],
            "first_removed": change.removed[:FIRST_ROWS],
            "in_both": len(set(change.result) & set(getattr(segment, other))),
            "wrong": _wrong(kept),
            "stale": segment.version != kept.version,
            "again": self.address("upload", segment.pk),
            # an empty file must not empty a list: whoever wants that says so in the form
            "confirmable": segment.version == kept.version and kept.ids and (change.added or change.removed),
        }


def _wrong(kept: IdUpload) -> int:
    return sum(count for _, count in kept.problem_counts)


def _numbers(kept: IdUpload, change: ListChange) -> list[tuple[str, int]]:
    return [
        ("Added", len(change.added)),
        ("Removed", len(change.removed)),
        ("In the file, but not in the list" if kept.mode == Mode.REMOVE else "In the list already", change.untouched),
        ("In the list afterwards", len(change.result)),
        ("Lines that are wrong, and left out", _wrong(kept)),
    ]
