"""Creating people, changing what is known of them, and their passwords."""

from typing import TypedDict

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, fields_of, record
from accounts.errors import KeyTaken
from accounts.models import User
from accounts.permissions import require_superuser
from flagsite.lib.problems import InvalidInput


@transaction.atomic
def create_user(
    *,
    username: str,
    password: str | None,
    by: Actor,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
    is_superuser: bool = False,
) -> User:
    """Create a person who can sign in to the admin; what they see there depends on their roles.

    Without a password they come by OpenID Connect only, until somebody sets one.

    Raises:
        MissingRole: when the actor is not a superuser.
        KeyTaken: when the name is taken.
    """
    require_superuser(by, "create people")
    if User.objects.filter(username=username).exists():
        raise KeyTaken(f"There is already a person called `{username}`.")
    user = User(username=username, email=email, is_staff=True, is_superuser=is_superuser)
    user.first_name, user.last_name = first_name, last_name
    user.set_password(password)  # None: one that nothing matches
    user.save()
    record(Action.CREATE, user, by=by, project=None, new={"username": username, "email": email})
    return user


class UserFields(TypedDict, total=False):
    """What a caller may set; absent means: as it was."""

    username: str
    email: str
    first_name: str
    last_name: str
    is_active: bool
    is_superuser: bool


_KNOWN = ("username", "email", "first_name", "last_name", "is_active", "is_superuser")


@transaction.atomic
def update_user(user: User, *, fields: UserFields, by: Actor) -> User:
    """Change what is known of a person, or whether they may sign in at all; a call that changes nothing writes nothing.

    Raises:
        MissingRole: when the actor is not a superuser.
        KeyTaken: when another person has the name.
        InvalidInput: when the actor would shut themselves out.
    """
    require_superuser(by, "change people")
    present = User.objects.select_for_update().get(pk=user.pk)
    old = fields_of(present, *_KNOWN)
    if "username" in fields and User.objects.filter(username=fields["username"]).exclude(pk=user.pk).exists():
        raise KeyTaken(f"There is already a person called `{fields['username']}`.")
    for name, value in fields.items():
        setattr(present, name, value)
    if present == by.user:
        _check_not_shut_out(present)
    new = fields_of(present, *_KNOWN)
    if new != old:
        present.save(update_fields=list(_KNOWN))
        record(Action.UPDATE, present, by=by, project=None, old=old, new=new)
    return present


def _check_not_shut_out(user: User) -> None:
    for field in ("is_active", "is_superuser"):
        if not getattr(user, field):
            raise InvalidInput.at(field, "You would shut yourself out; ask another superuser.")


@transaction.atomic
def set_password(user: User, *, password: str, by: Actor) -> None:
    """Set a person's password, which the caller has validated; the log says that it was set, never to what.

    Raises:
        MissingRole: when the actor is neither that person nor a superuser.
    """
    if by.user != user:
        require_superuser(by, "set other people's passwords")
    user.set_password(password)
    user.save(update_fields=["password"])
    record(Action.UPDATE, user, by=by, project=None, old={"password": "kept"}, new={"password": "set"})
