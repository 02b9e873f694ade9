"""E-mail notices in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts import mail
from accounts.admin.requests import actor_of
from rollouts.admin.notices.receivers import ReceiverAdmin
from rollouts.forms.notices import MailNoticeForm
from rollouts.models import MailNotice
from rollouts.services.notices import create_mail_notice, delete_mail_notice, update_mail_notice


@admin.register(MailNotice)
class MailNoticeAdmin(ReceiverAdmin):
    """People and addresses that get an e-mail."""

    form = add_form = MailNoticeForm
    list_display = ("name", "state", "to", "told", "where", "project")
    add_fieldsets = (
        (None, {"fields": ("project", "name")}),
        ("Who gets it", {"fields": ("people", "addresses")}),
        ("What they hear of", {"fields": ("environments", "kinds")}),
        (None, {"fields": ("is_active",)}),
    )
    fieldsets = (
        (None, {"fields": ("state", "project", "name")}),
        *add_fieldsets[1:],
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the notices with whom they name."""
        return super().get_queryset(request).prefetch_related("people")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what a new one takes, or all."""
        return self.add_fieldsets if obj is None else super().get_fieldsets(request, obj)

    @admin.display(description="To")
    def to(self, notice: MailNotice) -> str:
        """Return the first whom it names, and how many more."""
        named = [*(person.get_username() for person in notice.people.all()), *notice.addresses]
        return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")  # noqa: PLR2004 - fits

    def also_offered(self, row: MailNotice) -> dict[str, Any]:
        """Say when no e-mail can leave."""
        del row
        return {"cannot_send": not mail.can_send()}

    def create(self, request: HttpRequest, form: Any) -> MailNotice:
        """Create the notice."""
        fields = form.fields_given(all_of_them=True)
        return create_mail_notice(project=form.cleaned_data["project"], fields=fields, by=actor_of(request))

    def update(self, request: HttpRequest, row: MailNotice, form: Any) -> None:
        """Change what was changed in the form."""
        update_mail_notice(row, fields=form.fields_given(all_of_them=False), by=actor_of(request))

    def remove(self, request: HttpRequest, row: MailNotice) -> None:
        """Delete the notice with its log."""
        delete_mail_notice(row, by=actor_of(request))
