"""People: superusers create them, project admins give them roles, everybody sees whom they work with."""

import types
from typing import Any

import django.contrib.auth.admin  # noqa: F401 - registers groups, which nothing here uses
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from accounts.admin.filters import ProjectOfPersonFilter
from accounts.admin.guarded import GuardedAdmin
from accounts.admin.markup import pill, pills
from accounts.admin.requests import access_of, actor_of
from accounts.forms import RoleField, ServiceForm, UserForm
from accounts.models import Project, User
from accounts.permissions import Access
from accounts.querysets import people_seen_from, roles_held, with_roles
from accounts.roles import Ability, in_words
from accounts.second_factors import has_second_factor, with_second_factor
from accounts.services import create_user, grant_role, remove_second_factor, set_password, update_user, withdraw_role
from flagsite.lib.problems import NotAllowed

admin.site.unregister(Group)  # roles are given to people; nothing here is done by groups

KNOWN = ("username", "email", "first_name", "last_name", "is_active", "is_superuser")


class NewUserForm(ServiceForm, UserCreationForm):
    """A new person and their first password, by Django's own form and validators."""

    usable_password = None

    class Meta:
        model = User
        fields = ("username", "email", "is_superuser")


@admin.register(User)
class UserAdmin(GuardedAdmin):
    """Who can sign in. Nobody is deleted, because history names them; whoever leaves is made inactive."""

    form = UserForm
    add_form = NewUserForm

    list_filter = (ProjectOfPersonFilter, "is_active", "is_superuser")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    add_fieldsets = ((None, {"fields": ("username", "email", "password1", "password2", "is_superuser")}),)
    change_form_outer_after_template = "admin/accounts/user/panel.html"

    # --- who sees and changes whom ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the people with whom the person shares a project; superusers see all."""
        access = access_of(request)
        projects = access.projects(Ability.VIEW)
        people = User.objects.all() if access.unlimited else people_seen_from(projects, user=access.user)
        return with_second_factor(with_roles(people, projects)).order_by("username")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns; who has a second factor is for superusers to know, who can require one."""
        shown = ("username", "full_name", "email", "roles", "is_active", "last_login")
        return (*shown, "second_factor") if access_of(request).unlimited else shown

    @admin.display(description="Full name", ordering="last_name")
    def full_name(self, user: User) -> str:
        """Return first and last name."""
        return user.get_full_name() or "-"

    @admin.display(description="Roles")
    def roles(self, user: User) -> SafeString:
        """Return the role in each project that the reader sees; dashed, with the group's name, when it is a group's."""
        held = [pill(f"{each.project} · {each}", "" if each.group else "info") for each in roles_held(user)]
        return pills([pill("Superuser", "primary"), *held] if user.is_superuser else held)

    @admin.display(description="Second factor", boolean=True)
    def second_factor(self, user: Any) -> bool:
        """Tell whether one is set up."""
        return bool(user.asked_for_code)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Tell whether the person may see this one, or others at all."""
        access = access_of(request)
        if obj is None or access.unlimited:
            return access.may(Ability.VIEW)
        return self._among(access, obj, Ability.VIEW)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether this is a superuser."""
        return access_of(request).unlimited

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Tell whether the person may change anything about this one, be it only a role."""
        access = access_of(request)
        if obj is None or access.unlimited:
            return access.may(Ability.MANAGE)
        return access.may(Ability.MANAGE) and self._among(access, obj, Ability.MANAGE)

    def _among(self, access: Access, user: User, ability: Ability) -> bool:
        return people_seen_from(access.projects(ability), user=access.user).filter(pk=user.pk).exists()

    # --- the form --------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, with a role for each project that the one who asks manages."""
        if obj is None:
            return super().get_form(request, obj, change=change, **kwargs)
        groups = {held.project: held for held in roles_held(obj) if held.group}
        roles = {f"role_{project.pk}": RoleField(project, groups.get(project)) for project in self._managed(request)}
        kwargs["form"] = types.new_class("UserForm", (UserForm,), exec_body=lambda body: body.update(roles))
        return super().get_form(request, obj, change=change, **kwargs)

    def _managed(self, request: HttpRequest) -> QuerySet[Project]:
        return access_of(request).projects(Ability.MANAGE)

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show what is known, and the roles: as choices to those who may change them."""
        if obj is None:
            return self.add_fieldsets
        known: tuple[str, ...] = (*KNOWN, "last_login")
        if access_of(request).unlimited or access_of(request).user == obj:
            known = (*known, "password_link")
        roles: list[Any] = [f"role_{project.pk}" for project in self._managed(request)]
        if not self.has_change_permission(request, obj):
            roles = ["roles"]
        return ((None, {"fields": known}), ("Roles", {"fields": roles}))[: 2 if roles else 1]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Return everything but the roles, for those who are no superusers."""
        if obj is None:
            return ()
        always = ("last_login", "password_link", "roles")
        return always if access_of(request).unlimited else (*KNOWN, *always)

    @admin.display(description="Password")
    def password_link(self, user: User) -> SafeString:
        """Return a link to where a password is set."""
        address = self.address("password", user.pk)
        return format_html('<a class="text-link" href="{}">Set a new password</a>', address)

    # --- what is saved ---------------------------------------------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> User:
        """Create the person."""
        data = form.cleaned_data
        return create_user(
            username=data["username"],
            password=data["password1"],
            email=data["email"],
            is_superuser=data["is_superuser"],
            by=actor_of(request),
        )

    def update(self, request: HttpRequest, row: User, form: Any) -> None:
        """Change what is known, as a superuser, and the roles."""
        by = actor_of(request)
        if access_of(request).unlimited:
            known: Any = {name: form.cleaned_data[name] for name in KNOWN}
            update_user(row, fields=known, by=by)
        for project, role in form.changed_roles():
            if role:
                grant_role(user=row, role=role, project=project, by=by)
            else:
                withdraw_role(user=row, project=project, by=by)

    # --- passwords and second factors ------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which a password is set, and where a lost second factor is removed."""
        password = self.admin_site.admin_view(sensitive_post_parameters()(self.password_view))
        second_factor = self.admin_site.admin_view(require_POST(self.second_factor_view))
        return [
            path("<id>/password/", password, name="accounts_user_password"),
            path("<id>/second-factor/", second_factor, name="accounts_user_second_factor"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer superusers to remove a second factor that somebody lost."""
        context["in_words"] = in_words()
        user = context.get("original")
        if user and access_of(request).unlimited and user != access_of(request).user and has_second_factor(user):
            context["remove_second_factor"] = self.address("second_factor", user.pk)
        answer: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return answer

    def second_factor_view(self, request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - as Django names it
        """Remove somebody's second factor, as a superuser; one's own is removed where a fresh proof is asked for."""
        user = self.get_object(request, unquote(id))
        if user is None:
            raise Http404
        if user == access_of(request).user:
            return HttpResponseRedirect(reverse("mfa_index"))
        try:
            remove_second_factor(user, by=actor_of(request))
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        messages.success(request, f"{user} has no second factor any more.")
        return HttpResponseRedirect(self.address("change", user.pk))

    def password_view(self, request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - as Django names it
        """Set somebody's password, as a superuser; one's own is changed where the old one is asked for."""
        user = self.get_object(request, unquote(id))
        if user is None:
            raise Http404
        access = access_of(request)
        if user == access.user:
            return HttpResponseRedirect(reverse("admin:password_change"))
        if not access.unlimited:
            raise PermissionDenied
        form = AdminPasswordChangeForm(user, request.POST or None)
        form.fields.pop("usable_password", None)
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                set_password(user, password=form.cleaned_data["password1"], by=actor_of(request))
            messages.success(request, f"{user} has a new password.")
            return HttpResponseRedirect(self.address("change", user.pk))
        context = {
            **self.admin_site.each_context(request),
            "title": f"New password for {user}",
            "form": form,
            "form_url": "",
            "opts": self.opts,
            "original": user,
            "is_popup": False,
        }
        return TemplateResponse(request, "admin/auth/user/change_password.html", context)
