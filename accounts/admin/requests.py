"""Who asks for a page of the admin: their access, read once a request, the actor for services, and what those say."""

from collections.abc import Callable
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.actors import Actor, Source
from accounts.models import User
from accounts.permissions import Access
from flagsite.lib.client_address import address_of
from flagsite.lib.problems import NotAllowed, NotFound, Refusal

Answer = TypeVar("Answer")

_read: Final[WeakKeyDictionary[HttpRequest, Access]] = WeakKeyDictionary()


def access_of(request: HttpRequest) -> Access:
    """Return what the signed-in person may do; nothing at all, when nobody is: the sign-in page asks as well."""
    access = _read.get(request)
    if access is None:
        access = _read[request] = Access.of(request.user if isinstance(request.user, User) else User(is_active=False))
    return access


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person as services know them.

    Raises:
        PermissionDenied: when nobody is signed in.
    """
    if not isinstance(request.user, User):
        raise PermissionDenied
    return Actor.person(request.user, source=Source.ADMIN, address=address_of(request))


def answered(request: HttpRequest, service: Callable[[], Answer]) -> Answer | None:
    """Return what a service returns; None when it refuses, which becomes a message.

    Raises:
        PermissionDenied: when it refuses because of who asks.
    """
    try:
        return service()
    except (NotAllowed, NotFound) as refusal:
        raise PermissionDenied(refusal.detail) from None
    except Refusal as refusal:
        messages.error(request, refusal.detail)
        return None
