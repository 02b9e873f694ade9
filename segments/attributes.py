"""Which attributes conditions of a project ask about, and what they seem to be: what the condition builder suggests.

`attributes_of` is the one place where suggestions come together: what segments use, and what the app above hands in
(flags' rules; what was seen in evaluations belongs there too).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flagsite_sdk.engine.operators import find

from accounts.models import Project
from segments.models import Segment
from segments.vocabulary import FITS, kind_of

Found = tuple[str, str | None]
"""An attribute's path and a kind that it seems to have (None: not to be told)."""
Find = Callable[[Project], Iterable[Found]]
Values = Mapping[str, Sequence[Any]]
"""By the attribute's path, some of its values."""
FindValues = Callable[[Project], Values]

_found_above: list[Find] = []
_values_above: list[FindValues] = []


def attributes_found_by(find_them: Find, find_values: FindValues) -> None:
    """Set how the attributes that the app above knows of are found, and some of their values."""
    _found_above[:] = [find_them]
    _values_above[:] = [find_values]


def attributes_of(project: Project) -> dict[str, list[str]]:
    """Return the attributes' paths, sorted, each with the kinds that it seems to have."""
    rows = Segment.objects.filter(project=project).exclude(condition=None).values_list("condition", flat=True)
    found: defaultdict[str, set[str]] = defaultdict(set, {"id": {"text"}})
    above = (one for find_them in _found_above for one in find_them(project))
    for path, kind in (*(one for condition in rows for one in asked_in(condition)), *above):
        found[path] |= {kind} if kind else set()
    return {path: sorted(found[path]) for path in sorted(found)}


def values_of(project: Project) -> dict[str, list[Any]]:
    """Return some values of attributes, as far as the app above has seen any."""
    return {path: list(some) for find_values in _values_above for path, some in find_values(project).items() if some}


def asked_in(condition: Any) -> Iterator[Found]:
    """Return what a condition asks about."""
    match condition:
        case {"all": [*parts]} | {"any": [*parts]}:
            for part in parts:
                yield from asked_in(part)
        case {"not": inner}:
            yield from asked_in(inner)
        case {"attribute": str(attribute), "operator": str(name)}:
            yield attribute, _kind(name, condition.get("value"))


def _kind(name: str, value: Any) -> str | None:
    operator = find(name)
    if operator is None or operator.attribute == "any":
        return None
    if operator.attribute == "scalar":
        return kind_of(value[0] if isinstance(value, list) and value else value)
    return FITS.get(operator.attribute, ("text",))[0]
