"""Writing down that a second factor was set up or removed, removing that of somebody who lost it, sealing it anew."""

from typing import Final

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.models import User
from accounts.permissions import require_superuser
from accounts.second_factors import factors_of
from flagsite.lib.vault import resealed

SEALED: Final = ("secret", "seed")
"""What is sealed of a factor: of an app's, and of recovery codes."""


def record_second_factor(user: User, *, old: str | None, new: str | None, by: Actor) -> None:
    """Write into the audit log that the person's second factor, or their recovery codes, are others now.

    allauth writes the factor itself, in the same transaction.
    """
    record(Action.UPDATE, user, by=by, project=None, old={"second_factor": old}, new={"second_factor": new})


@transaction.atomic
def remove_second_factor(user: User, *, by: Actor) -> bool:
    """Remove every factor of somebody who has lost theirs, and tell whether there was any.

    Raises:
        MissingRole: when the actor is no superuser; one's own is removed where one proves to have it.
    """
    require_superuser(by, "remove other people's second factor")
    removed, _ = factors_of(user).delete()
    if removed:
        record_second_factor(user, old="set up", new=None, by=by)
    return bool(removed)


@transaction.atomic
def reseal_second_factors() -> int:
    """Seal what an older signing key has sealed under the present one, so that the older is not needed any more.

    Returns how many factors were changed.
    """
    changed = 0
    for factor in Authenticator.objects.select_for_update(no_key=True):
        fresh = {name: resealed(factor.data[name]) for name in SEALED if name in factor.data}
        anew = {name: text for name, text in fresh.items() if text}
        if anew:
            factor.data |= anew
            factor.save(update_fields=["data"])
            changed += 1
    return changed
