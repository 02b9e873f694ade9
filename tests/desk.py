"""The admin as a person uses it: pages by name, and forms sent back as a browser would."""

from typing import Any

from django.db.models import Model
from django.forms import BaseForm, SplitDateTimeField
from django.test import Client
from django.urls import reverse

from tests.conftest import Person


class Desk:
    """The admin, with one person signed in."""

    def __init__(self, person: Person) -> None:
        self.client = Client()
        self.client.force_login(person.user, backend="django.contrib.auth.backends.ModelBackend")

    def get(self, page: str, *args: Any, **query: Any) -> Any:
        return self.client.get(address(page, *args), query)

    def post(self, page: str, *args: Any, **data: Any) -> Any:
        return self.client.post(address(page, *args), data)

    def open(self, row: Model) -> Any:
        return self.get(f"{_name(row)}_change", row.pk)

    def shown(self, row: Model) -> dict[str, Any]:
        """What the row's page would send back if nothing was touched."""
        return as_browser(form_in(self.open(row)))

    def save(self, row: Model, **changes: Any) -> Any:
        return self.post(f"{_name(row)}_change", row.pk, **{**self.shown(row), **changes})

    def add(self, page: str, **data: Any) -> Any:
        blank = as_browser(form_in(self.get(f"{page}_add")))
        return self.post(f"{page}_add", **{**blank, **data})

    def delete(self, row: Model) -> Any:
        return self.post(f"{_name(row)}_delete", row.pk, post="yes")

    def review(self, saved: Any) -> Any:
        """The review page that a saved page leads to."""
        assert saved.status_code == 302, saved.status_code
        page = self.client.get(saved.headers["Location"])
        assert page.context is not None, saved.headers["Location"]
        assert "review" in page.context, saved.headers["Location"]
        return page

    def publish(self, saved: Any, **data: Any) -> Any:
        """Publish what a saved page proposed, as it stands."""
        change_request = self.review(saved).context["review"].change_request
        return self.post("flags_changerequest_publish", change_request.pk, version=change_request.version, **data)

    def rows(self, page: str, **query: Any) -> list[Any]:
        """What the list shows."""
        response = self.get(f"{page}_changelist", **query)
        assert response.status_code == 200, response.status_code
        return list(response.context["cl"].result_list)


def address(page: str, *args: Any) -> str:
    return reverse(f"admin:{page}", args=args)


def form_in(response: Any) -> Any:
    assert response.status_code == 200, response.status_code
    return response.context["adminform"].form


def errors_in(response: Any) -> dict[str, list[str]]:
    """What is said at which field; `__all__` is about the whole form."""
    return dict(form_in(response).errors)


def messages_in(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def as_browser(form: BaseForm) -> dict[str, Any]:
    sent: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field, SplitDateTimeField):
            sent |= {f"{bound.html_name}_0": "", f"{bound.html_name}_1": ""}
        elif value is not None and value is not False:
            sent[bound.html_name] = "on" if value is True else value
    return sent


def _name(row: Model) -> str:
    return f"{row._meta.app_label}_{row._meta.model_name}"
