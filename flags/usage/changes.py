"""What changed that can have moved a flag's users: the flag itself, and whatever it leans on."""

from datetime import datetime
from typing import Final

from django.db.models import Q

from accounts.models import Environment
from flags.history import Entry, entries_of
from flags.models import RevisionItem
from flags.querysets import with_predecessors
from flags.uses.leaning import Node, leant_on, names_in

_Kind: Final = RevisionItem.Kind


def changes_reaching(flag_key: str, environment: Environment, *, since: datetime, most: int) -> list[Entry]:
    """Return the changes of the flag, and of the segments and prerequisite flags that it leans on, the newest first.

    What it leant on only before one of these changes counts too.
    """
    nodes = leant_on(environment, [(_Kind.FLAG, flag_key)])
    while True:
        found = _changes(nodes, environment, since=since, most=most)
        earlier = {name for entry in found for name in _named_before(entry)} - nodes
        if not earlier:
            return found
        nodes |= leant_on(environment, earlier)


def _changes(nodes: set[Node], environment: Environment, *, since: datetime, most: int) -> list[Entry]:
    flags, segments = ([key for kind, key in nodes if kind is wanted] for wanted in (_Kind.FLAG, _Kind.SEGMENT))
    about = Q(kind=_Kind.FLAG, key__in=flags) | Q(kind=_Kind.SEGMENT, key__in=segments)
    items = RevisionItem.objects.filter(about, environment=environment, revision__created_at__gte=since)
    return entries_of(with_predecessors(items).order_by("-number", "pk")[:most])


def _named_before(entry: Entry) -> list[Node]:
    return names_in(_Kind(entry.item.kind), entry.item.key, entry.before) if entry.before else []
