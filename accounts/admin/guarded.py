"""The thin base of every page of the admin: roles decide what is seen and offered, services do whatever is saved.

Django's model permissions are never asked. A refusal by a service becomes an error at the field that it is about; a
missing role becomes a 403. Nothing is written to Django's own log of the admin: services write the audit log.
"""

import types
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, ClassVar, Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet, TextField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin, checkbox
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.admin.requests import access_of
from accounts.admin.rows import box_of
from accounts.forms import ServiceForm
from accounts.roles import Ability
from flagsite.lib.problems import NotAllowed, Refusal

_refused: Final[WeakKeyDictionary[HttpRequest, Refusal]] = WeakKeyDictionary()
_leads: Final[WeakKeyDictionary[HttpRequest, str]] = WeakKeyDictionary()
_histories: Final[dict[type[Model], Callable[[Any], str]]] = {}


def lead_history_of(model: type[Model], address: Callable[[Any], str]) -> None:
    """Let the history of the model's rows be the page of this address: a road that an upper app hands in."""
    _histories[model] = address


class GuardedAdmin(ModelAdmin):
    """Pages of a model whose rows belong to projects.

    A subclass names the way from its rows to their project and the abilities that writing takes, and hands the
    cleaned form to a service in `create`, `update` and `remove`.
    """

    project_path: ClassVar[str] = ""
    """ORM lookup from a row to its project; empty for projects themselves."""
    seen_by: ClassVar[Ability] = Ability.VIEW
    added_by: ClassVar[Ability | None] = None
    changed_by: ClassVar[Ability | None] = None
    deleted_by: ClassVar[Ability | None] = None
    """The ability that it takes; None: nobody does it here."""
    add_form: ClassVar[type[forms.BaseForm] | None] = None

    actions = None  # a bulk deletion would go past the services
    form = ServiceForm
    formfield_overrides = {TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})}}
    has_history = True
    list_fullwidth = True
    list_sections: ClassVar[Sequence[Any]] = ()  # Unfold's templates ask each row; what is not there is looked for long
    compressed_fields = True
    show_full_result_count = False
    save_on_top = False

    # --- what is seen and offered ----------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows of the projects of which the person may see them."""
        rows: QuerySet[Any] = super().get_queryset(request)
        if self.project_path:
            rows = rows.select_related(self.project_path)
        access = access_of(request)
        return rows if access.unlimited else rows.filter(self._within(access.projects(self.seen_by)))

    def _within(self, projects: QuerySet[Any]) -> Q:
        return Q(**{f"{self.project_path or 'pk'}__in": projects})

    @display(description=checkbox.render("action_toggle_all", 1))  # type: ignore[untyped-decorator]  # Unfold's
    def action_checkbox(self, obj: Model) -> str:
        """Return the box that chooses the row."""
        return box_of(obj.pk)

    @property
    def project_key_path(self) -> str:
        """ORM lookup from a row to the key of its project."""
        return f"{self.project_path}__key" if self.project_path else "key"

    def project_of(self, row: Model) -> int:
        """Return the id of the row's project."""
        steps = self.project_path.split("__") if self.project_path else []
        found: int = reduce(getattr, steps, row).pk
        return found

    def _may(self, request: HttpRequest, ability: Ability | None, row: Any) -> bool:
        if ability is None:
            return False
        return access_of(request).may(ability, None if row is None else self.project_of(row))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell whether the sidebar and the index offer the model."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the person may see the row, or any."""
        return self._may(request, self.seen_by, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether the person may add a row somewhere."""
        return self._may(request, self.added_by, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the person may change the row, or any."""
        return self._may(request, self.changed_by, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the person may delete the row, or any."""
        return self._may(request, self.deleted_by, obj)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; a forged write to what the person cannot see finds nothing there.

        Raises:
            Http404: when something is sent to a row that is not there; a mere visitor is led back with a message.
        """
        row = super().get_object(request, object_id, from_field)
        if row is None and request.method != "GET":
            raise Http404
        return row

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list; an action that comes from somebody who is offered none is forged."""
        if request.method == "POST" and not self.get_actions(request):
            raise PermissionDenied
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    # --- what is saved ---------------------------------------------------------------------------------------------

    def create(self, request: HttpRequest, form: Any) -> Model:
        """Hand a new row's form to its service and return the row."""
        raise NotImplementedError

    def update(self, request: HttpRequest, row: Any, form: Any) -> str | None:
        """Hand a row's form to its service; return an address to lead to, where it is not Django's own."""
        raise NotImplementedError

    def remove(self, request: HttpRequest, row: Any) -> str | None:
        """Hand a row to the service that deletes it; return an address to lead to, likewise."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        """Save through the service, in the transaction of the request."""
        if change:
            self._lead(request, self.update(request, obj, form))
        else:
            obj.pk = self.create(request, form).pk

    def _lead(self, request: HttpRequest, address: str | None) -> None:
        if address is not None:
            _leads[request] = address

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        """Lead to where the service's answer is shown, if it named a page."""
        address = _leads.pop(request, None)
        if address is not None:
            return HttpResponseRedirect(address)
        answer: HttpResponse = super().response_change(request, obj)
        return answer

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Lead to where the service's answer is shown, if it named a page."""
        address = _leads.pop(request, None)
        if address is not None:
            return HttpResponseRedirect(address)
        answer: HttpResponse = super().response_delete(request, obj_display, obj_id)
        return answer

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: the service has saved all of it."""

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete through the service, in the transaction of the request."""
        self._lead(request, self.remove(request, obj))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form's class, which knows who asks and what a service has just refused."""
        if obj is None and self.add_form is not None:
            kwargs["form"] = self.add_form
        return self.informed(request, super().get_form(request, obj, change=change, **kwargs))

    def informed(self, request: HttpRequest, form: type[Any]) -> type[Any]:
        """Return the form's class for this request only."""
        known = {"access": access_of(request), "refusal": _refused.get(request)}
        return types.new_class(form.__name__, (form,), exec_body=lambda body: body.update(known))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer; when a service refuses, all is rolled back and the same form comes again with the errors in it."""
        answer: HttpResponse
        extra_context = {"show_history": self.has_history} | (extra_context or {})
        try:
            answer = super().changeform_view(request, object_id, form_url, extra_context)
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except Refusal as refusal:
            _refused[request] = refusal
            answer = super().changeform_view(request, object_id, form_url, extra_context)
        return answer

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Answer; when a service refuses, lead back to the row and say why."""
        answer: HttpResponse
        try:
            answer = super().delete_view(request, object_id, extra_context)
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            answer = HttpResponseRedirect(self.address("change", quote(unquote(object_id))))
        return answer

    def get_deleted_objects(self, objs: Iterable[Model], request: HttpRequest) -> Any:
        """Name the row only: what it may take with it is the service's decision."""
        del request
        named = [str(row) for row in objs]
        return named, {self.opts.verbose_name: len(named)}, set(), []

    # --- what happened ---------------------------------------------------------------------------------------------

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Do nothing: the service has written the audit log."""

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        """Do nothing: the service has written the audit log."""

    def log_deletions(self, request: HttpRequest, queryset: Sequence[Model]) -> None:
        """Do nothing: the service has written the audit log."""

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Lead to the row's history: a page that was handed in, or what the audit log has on it."""
        del extra_context
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return HttpResponseRedirect(self.history_address(row))

    def history_address(self, row: Any) -> str:
        """Return the address of the row's history."""
        if self.model in _histories:
            return _histories[self.model](row)
        kind = ContentType.objects.get_for_model(self.model)
        about = urlencode({"content_type": kind.pk, "object_pk": row.pk})
        return f"{reverse('admin:auditlog_logentry_changelist')}?{about}"

    def address(self, page: str, *args: Any) -> str:
        """Return the address of one of the model's pages: `changelist`, `change` and so on."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)
