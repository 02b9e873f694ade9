"""Who asks for a page of the admin: their access, read once a request, and the actor that services are given."""

from typing import Final
from weakref import WeakKeyDictionary

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.actors import Actor, Source
from accounts.models import User
from accounts.permissions import Access
from flagsite.lib.client_address import address_of

_read: Final[WeakKeyDictionary[HttpRequest, Access]] = WeakKeyDictionary()


def access_of(request: HttpRequest) -> Access:
    """Return what the signed-in person may do.

    Raises:
        PermissionDenied: when nobody is signed in.
    """
    access = _read.get(request)
    if access is None:
        access = _read[request] = Access.of(_person(request))
    return access


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in person as services know them."""
    return Actor.person(_person(request), source=Source.ADMIN, address=address_of(request))


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
