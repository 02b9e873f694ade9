"""Change requests in the admin: the list of those that wait, and the page on which one is reviewed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.actors import Actor
from accounts.admin import markup
from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.requests import access_of, actor_of
from accounts.roles import Ability
from flags.admin.reviews.proposing import review_address
from flags.admin.reviews.review import Review, review_of
from flags.admin.reviews.revising import editing_address
from flags.forms.reviews import DeclineForm, MergeForm, ReviewForm, WithdrawForm
from flags.models import ChangeRequest
from flags.reviews import effects_of
from flags.services import (
    approve,
    decline,
    merge,
    publish_change_request,
    schedule_change_request,
    unschedule_change_request,
    withdraw,
)
from flagsite.lib.problems import NotAllowed, Refusal

COLOURS = {
    ChangeRequest.Status.OPEN: "info",
    ChangeRequest.Status.SCHEDULED: "primary",
    ChangeRequest.Status.PUBLISHED: "success",
    ChangeRequest.Status.DECLINED: "warning",
    ChangeRequest.Status.WITHDRAWN: "",
    ChangeRequest.Status.FAILED: "danger",
}


@admin.register(ChangeRequest)
class ChangeRequestAdmin(GuardedAdmin):
    """What waits to be published, and what became of it. A change request begins on the page of what it changes."""

    project_path = "project"
    has_history = False

    list_display = ("title", "what", "status_pill", "proposed_by", "project", "publish_at", "changed")
    list_filter = (ProjectFilter, "status")
    search_fields = ("title", "summary", "author_label", "comment")
    search_help_text = "Title, what changes, who proposed it, or why"
    ordering = ("-updated_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChangeRequest]:
        """Return the change requests; a list does not fetch what they ask for, which may be much."""
        rows: QuerySet[ChangeRequest] = super().get_queryset(request)
        match = request.resolver_match
        return rows.defer("edits", "told") if match and (match.url_name or "").endswith("_changelist") else rows

    @admin.display(description="What changes", ordering="summary")
    def what(self, change_request: ChangeRequest) -> str:
        """Return the first sentence of what it changes."""
        return change_request.summary or "-"

    @admin.display(description="Status", ordering="status")
    def status_pill(self, change_request: ChangeRequest) -> SafeString:
        """Return where the change request stands."""
        status = ChangeRequest.Status(change_request.status)
        return markup.pill(status.label, COLOURS[status])

    @admin.display(description="Proposed by", ordering="author_label")
    def proposed_by(self, change_request: ChangeRequest) -> str:
        """Return whose idea it was."""
        return change_request.author_label

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, change_request: ChangeRequest) -> datetime:
        """Return when somebody last did something about it."""
        return change_request.updated_at

    # --- the pages -------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        """Add what can be done with a change request."""
        steps = {
            "publish": self._publish,
            "approve": self._approve,
            "decline": self._decline,
            "withdraw": self._withdraw,
            "merge": self._merge,
            "unschedule": self._unschedule,
        }
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(self._step(do))),
                name=f"flags_changerequest_{name}",
            )
            for name, do in steps.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what a change request would change, or has changed."""
        del form_url, extra_context
        if request.method != "GET":
            raise PermissionDenied("A change request is changed by publishing, merging, declining or withdrawing it.")
        return self._page(request, self._row(request, object_id), ReviewForm(), MergeForm())

    def _step(self, do: Callable[[HttpRequest, ChangeRequest], HttpResponse]) -> Callable[..., HttpResponse]:
        """Return the view of a step; when a service refuses it, the review comes again and says why."""

        def view(request: HttpRequest, pk: int) -> HttpResponse:
            change_request = self._row(request, str(pk))
            if not access_of(request).may(Ability.EDIT, change_request.project_id):
                raise PermissionDenied
            try:
                return do(request, change_request)
            except NotAllowed as refusal:
                raise PermissionDenied(refusal.detail) from None
            except Refusal as refusal:
                change_request.refresh_from_db()
                form = ReviewForm(request.POST)
                form.refuse(refusal)
                return self._page(request, change_request, form, MergeForm(request.POST))

        return view

    def _publish(self, request: HttpRequest, change_request: ChangeRequest) -> HttpResponse:
        """Publish it now or, when a moment is given, then."""
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self._page(request, change_request, form, MergeForm())
        seen: dict[str, Any] = {"by": actor_of(request), "version": form.cleaned_data["version"]}
        seen["comment"] = form.cleaned_data["comment"]
        if form.cleaned_data["at"]:
            schedule_change_request(change_request, at=form.cleaned_data["at"], **seen)
            messages.success(request, f"Scheduled: {form.cleaned_data['at']:%-d %B %Y, %H:%M} UTC.")
        else:
            publish_change_request(change_request, **seen)
            messages.success(request, "Published. SDKs are told now.")
        return HttpResponseRedirect(review_address(change_request))

    def _approve(self, request: HttpRequest, change_request: ChangeRequest) -> HttpResponse:
        form = ReviewForm(request.POST)
        if form.is_valid():
            version, comment = form.cleaned_data["version"], form.cleaned_data["comment"]
            approve(change_request, by=actor_of(request), version=version, comment=comment)
            messages.success(request, "Approved, exactly as it stands. Any change of it needs a new approval.")
        return HttpResponseRedirect(review_address(change_request))

    def _unschedule(self, request: HttpRequest, change_request: ChangeRequest) -> HttpResponse:
        unschedule_change_request(change_request, by=actor_of(request))
        messages.success(request, "It is not published at that time any more. It waits for a person again.")
        return HttpResponseRedirect(review_address(change_request))

    def _decline(self, request: HttpRequest, change_request: ChangeRequest) -> HttpResponse:
        form = DeclineForm(request.POST)
        if not form.is_valid():
            return self._page(request, change_request, ReviewForm(), MergeForm(), form)
        decline(change_request, by=actor_of(request), **form.cleaned_data)
        messages.success(request, f"Declined. {change_request.author_label} is told why on the home page.")
        return HttpResponseRedirect(review_address(change_request))

    def _withdraw(self, request: HttpRequest, change_request: ChangeRequest) -> HttpResponse:
        form = WithdrawForm(request.POST)
        if not form.is_valid():
            return self._page(request, change_request, ReviewForm(), MergeForm(), form)
        withdraw(change_request, by=actor_of(request), comment=form.cleaned_data["comment"])
        messages.success(request, "Withdrawn. Nothing was changed.")
        return HttpResponseRedirect(review_address(change_request))

    def _merge(self, request: HttpRequest, change_request: ChangeRequest) -> HttpResponse:
        form = MergeForm(request.POST)
        if form.is_valid():
            actor: Actor = actor_of(request)
            merge(change_request, choices=form.choices(), by=actor, version=form.cleaned_data["version"])
            messages.success(request, "Merged: both changes are in. Review what is left to publish.")
        return HttpResponseRedirect(review_address(change_request))

    # --- what they need --------------------------------------------------------------------------------------------

    def _row(self, request: HttpRequest, object_id: str) -> ChangeRequest:
        row = self.get_object(request, object_id)
        if not isinstance(row, ChangeRequest) or not self.has_view_permission(request, row):
            raise Http404
        return row

    def _page(
        self,
        request: HttpRequest,
        change_request: ChangeRequest,
        form: ReviewForm,
        merging: MergeForm,
        ending: DeclineForm | WithdrawForm | None = None,
    ) -> TemplateResponse:
        review: Review = review_of(change_request, access=access_of(request))
        ending = ending or (WithdrawForm() if review.is_own else DeclineForm())
        status = ChangeRequest.Status(change_request.status)
        if change_request.publish_at:
            form.initial["at"] = f"{change_request.publish_at:%Y-%m-%dT%H:%M}"
        about = {"opts": self.opts, "review": review, "form": form, "merging": merging, "original": change_request}
        about["ending"] = ending
        about["edit_address"] = editing_address(change_request) if review.is_live else ""
        about["effects"] = effects_of(review.difference) if review.is_live and review.difference else []
        about |= {"title": change_request.title, "status": markup.pill(status.label, COLOURS[status])}
        context = {**self.admin_site.each_context(request), **about}
        return TemplateResponse(request, "admin/flags/changerequest/review.html", context)
