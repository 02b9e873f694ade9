"""Who makes a change, and from where: what services are given as `by`."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from accounts.models import User


class Source(StrEnum):
    """The road by which a change came."""

    ADMIN = "admin"
    API = "api"
    COMMAND = "command"
    RAMP = "ramp"
    GUARDRAIL = "guardrail"
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Clearance:
    """Why a change may enter an environment that asks for more than a role."""

    change_request: int | None = None
    """Id of the change request that is being published."""
    approved_by: str = ""
    """Who approved exactly this change; empty: nobody."""
    is_emergency: bool = False
    """A flag is turned off at once; it is marked as such in the history."""


UNCLEARED: Final = Clearance()


@dataclass(frozen=True)
class Actor:
    """A person (or, without a user, the installation itself) acting through one of the roads."""

    user: User | None
    source: Source
    label: str
    address: str | None = None
    clearance: Clearance = UNCLEARED

    def cleared(self, clearance: Clearance) -> "Actor":
        """Return the actor with a clearance."""
        return replace(self, clearance=clearance)

    @classmethod
    def person(cls, user: User, *, source: Source, address: str | None = None) -> "Actor":
        """Return the actor that a signed-in person or their token is."""
        return cls(user=user, source=source, label=user.get_username(), address=address)

    @classmethod
    def system(cls, label: str, *, source: Source = Source.COMMAND) -> "Actor":
        """Return the actor for what the installation does by itself; it needs no role."""
        return cls(user=None, source=source, label=label)
