"""Which kind of key a view wants. What a person may do in a project is decided by the services."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken, ServerKey
from flagsite.lib.problems import NotAllowed, NotSignedIn


class HoldsApiToken(BasePermission):
    """Let people's tokens in; this is the default of every view."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Refuse a missing key with 401 and a server key with 403."""
        del view
        return _holds(request, ApiToken, "an API token (`fs_api_…`)")


class HoldsServerKey(BasePermission):
    """Let SDKs' keys in."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Refuse a missing key with 401 and an API token with 403."""
        del view
        return _holds(request, ServerKey, "a server key (`fs_srv_…`)")


def _holds(request: Request, wanted: type[ApiToken | ServerKey], in_words: str) -> bool:
    if request.auth is None:
        raise NotSignedIn(f"Send {in_words} as `Authorization: Bearer …`.")
    if not isinstance(request.auth, wanted):
        raise NotAllowed(f"This address wants {in_words}; the key sent is of the other kind.")
    return True
