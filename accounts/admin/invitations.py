"""Invitations: made by those who manage people in a project, the link shown once and sent by e-mail where it can be."""

import types
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts import mail
from accounts.admin.filters import ProjectFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.markup import pill, pills
from accounts.admin.requests import access_of, actor_of, answered
from accounts.forms import InvitationForm, RoleField
from accounts.models import Invitation
from accounts.roles import Ability, in_words
from accounts.services import invite, renew_invitation, withdraw_invitation
from flagsite.lib import clock


@admin.register(Invitation)
class InvitationAdmin(GuardedAdmin):
    """Who was asked to come, by whom, with which roles; those who see one of the projects see it."""

    added_by = Ability.MANAGE
    add_form = InvitationForm
    has_history = False
    list_display = ("email", "roles", "state", "invited_by", "expires_at", "created_at")
    list_filter = (ProjectFilter,)
    list_select_related = ("invited_by", "accepted_by")
    search_fields = ("email",)
    ordering = ("-created_at",)
    readonly_fields = ("email", "roles", "state", "invited_by", "created_at", "expires_at", "accepted_by")
    fieldsets = ((None, {"fields": readonly_fields}),)
    change_form_outer_after_template = "admin/accounts/invitation/panel.html"

    # --- who sees which --------------------------------------------------------------------------------------------

    def _within(self, projects: QuerySet[Any]) -> Q:
        """Return the condition for invitations into one of the projects, each invitation once."""
        return Q(pk__in=Invitation.objects.filter(roles__project__in=projects).values("pk"))

    @property
    def project_key_path(self) -> str:
        """ORM lookup from an invitation to the keys of its projects."""
        return "roles__project__key"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        """Return the invitations with their roles."""
        rows: QuerySet[Invitation] = super().get_queryset(request)
        return rows.prefetch_related("roles__project")

    def _may(self, request: HttpRequest, ability: Ability | None, row: Any) -> bool:
        access = access_of(request)
        if ability is None:
            return False
        if row is None:
            return access.may(ability)
        return any(access.may(ability, each.project_id) for each in row.roles.all())

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form with a role for each project in which the person may invite."""
        if obj is None:
            projects = access_of(request).projects(Ability.MANAGE)
            fields = {f"role_{project.pk}": RoleField(project) for project in projects}
            self_made = types.new_class("InvitationForm", (InvitationForm,), exec_body=lambda body: body.update(fields))
            return self.informed(request, self_made)
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the invitation, or what a new one takes."""
        if obj is not None:
            return self.fieldsets
        roles = [f"role_{project.pk}" for project in access_of(request).projects(Ability.MANAGE)]
        return ((None, {"fields": ("email",)}), ("Roles", {"fields": roles}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return everything: an invitation is withdrawn, never changed."""
        del request
        return () if obj is None else self.readonly_fields

    @admin.display(description="Roles")
    def roles(self, invitation: Any) -> SafeString:
        """Return the role in each project."""
        return pills(pill(str(row)) for row in invitation.roles.all())

    @admin.display(description="State")
    def state(self, invitation: Invitation) -> SafeString:
        """Return what became of it."""
        if invitation.accepted_at:
            return pill("Accepted", "success")
        if invitation.withdrawn_at:
            return pill("Withdrawn", "danger")
        return pill("Open", "info") if invitation.is_open(clock.now()) else pill("Too old", "warning")

    # --- what is done ----------------------------------------------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> Invitation:
        """Invite, show the link once, and send it."""
        invitation, token = invite(email=form.cleaned_data["email"], roles=form.roles(), by=actor_of(request))
        self._hand_over(request, invitation, token)
        return invitation

    def _hand_over(self, request: HttpRequest, invitation: Invitation, token: str) -> None:
        link = request.build_absolute_uri(reverse("accounts_invitation_accept", args=[token]))
        text = "Hand this link over now; it is never shown again: <code class='code select-all'>{}</code>"
        messages.warning(request, format_html(text, link))
        if mail.can_send():
            transaction.on_commit(partial(self._send, request, invitation, link))

    def _send(self, request: HttpRequest, invitation: Invitation, link: str) -> None:
        if mail.send_invitation(invitation, link=link):
            messages.success(request, f"It was also sent to {invitation.email}.")
        else:
            messages.error(request, "The mail server did not take it: hand the link over yourself.")

    def get_urls(self) -> list[URLPattern]:
        """Add where an invitation is renewed and withdrawn."""
        renew = self.admin_site.admin_view(require_POST(self.renew_view))
        withdraw = self.admin_site.admin_view(require_POST(self.withdraw_view))
        return [
            path("<id>/renew/", renew, name="accounts_invitation_renew"),
            path("<id>/withdraw/", withdraw, name="accounts_invitation_withdraw"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Say what roles may do, and offer what can still be done."""
        context["in_words"] = in_words()
        row = context.get("original")
        if row and not row.accepted_at and not row.withdrawn_at and self._may(request, Ability.MANAGE, row):
            context |= {"renew": self.address("renew", row.pk), "withdraw": self.address("withdraw", row.pk)}
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def renew_view(self, request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - as Django names it
        """Make a new link, in place of one that was lost or is too old."""
        row = self._row(request, id)
        with transaction.atomic():
            token = answered(request, partial(renew_invitation, row, by=actor_of(request)))
            if token:
                row.refresh_from_db()
                self._hand_over(request, row, token)
        return HttpResponseRedirect(self.address("change", row.pk))

    def withdraw_view(self, request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - as Django names it
        """Make the link useless."""
        row = self._row(request, id)
        answered(request, partial(withdraw_invitation, row, by=actor_of(request)))
        return HttpResponseRedirect(self.address("change", row.pk))

    def _row(self, request: HttpRequest, id: str) -> Invitation:  # noqa: A002 - as Django names it
        row: Invitation | None = self.get_object(request, unquote(id))
        if row is None:
            raise Http404
        return row
