"""Whether a chain of revisions is whole: which was changed, is missing or was put in. Pure; the rows are handed in.

A digest (flags/chain/digests.py) proves that a revision and all before it are as they were made. Who can write
to the database can also compute all later digests anew; against that stands only a head that was exported before and
is kept elsewhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from flags.chain.digests import GENESIS, digest_of


@dataclass(frozen=True)
class Link:
    """A revision as it is stored."""

    number: int
    digest: str
    delta: str
    actor_label: str
    source: str
    comment: str
    created_at: datetime | None
    """None when the stored text is no time at all."""
    approved_by: str = ""
    is_emergency: bool = False

    def follows(self, previous: str, *, environment: int, number: int) -> bool:
        """Tell whether the digest is that of this content, at this number, after the revision of `previous`."""
        return self.created_at is not None and self.digest == digest_of(
            previous=previous,
            environment=environment,
            number=number,
            delta=self.delta,
            actor_label=self.actor_label,
            source=self.source,
            comment=self.comment,
            created_at=self.created_at,
            approved_by=self.approved_by,
            is_emergency=self.is_emergency,
        )


class Damage(Enum):
    """What happened to a revision, in words that stand after it."""

    CHANGED = "was changed, or the one before it together with its digest"
    MISSING = "is missing"
    INSERTED = "was inserted"


@dataclass(frozen=True)
class Broken:
    """The first revision at which the chain is not whole."""

    number: int
    damage: Damage

    def __str__(self) -> str:
        return f"revision {self.number} {self.damage.value}"


@dataclass(frozen=True)
class Head:
    """The newest revision of a whole chain, which proves all before it; number 0 is a chain without any."""

    number: int
    digest: str
    created_at: datetime | None


START: Final = Head(number=0, digest=GENESIS, created_at=None)


def verify(links: Iterable[Link], *, environment: int) -> Head | Broken:
    """Return the head of a whole chain, or the first revision at which it is not whole.

    Args:
        links: the environment's revisions in the order of their numbers; read once, three held at a time.
        environment: the id that the digests were made with.
    """
    before, head = START, START
    rest = iter(links)
    for link in rest:
        due = head.number + 1
        if link.number > due:
            return Broken(due, Damage.MISSING)
        if link.number < due:
            return Broken(link.number, Damage.INSERTED)
        if not link.follows(head.digest, environment=environment, number=due):
            return _broken_at(link, rest, head=head, before=before, environment=environment)
        before, head = head, Head(link.number, link.digest, link.created_at)
    return head


def within(head: Head | Broken, *, least: int, most: int) -> Head | Broken:
    """Compare the chain's end with the environment's number before (`least`) and after (`most`) it was read.

    The two differ when somebody publishes meanwhile.
    """
    if isinstance(head, Broken):
        return head
    if head.number < least:
        return Broken(head.number + 1, Damage.MISSING)
    if head.number > most:
        return Broken(most + 1, Damage.INSERTED)
    return head


def _broken_at(link: Link, rest: Iterator[Link], *, head: Head, before: Head, environment: int) -> Broken:
    """Say what is wrong with a link that does not follow from the head.

    Numbers are unique, so who puts a revision in moves the later ones up; that one of these still follows at its old
    number from the revision before proves the insertion.
    """
    if link.follows(before.digest, environment=environment, number=head.number):
        return Broken(head.number, Damage.INSERTED)
    following = next(rest, None)
    if following and following.follows(head.digest, environment=environment, number=link.number):
        return Broken(link.number, Damage.INSERTED)
    return Broken(link.number, Damage.CHANGED)
