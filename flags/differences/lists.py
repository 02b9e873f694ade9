"""Changes of lists: of entries that are known by a key and have an order, and of ids."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from itertools import islice

from flags.differences.change import LONGEST_NAME, Change, Changes, Document, Kind, bounded
from flagsite.lib.canonical import same
from segments.wording import LISTED, clipped, listed, value_in_words


def list_changes(
    field: str,
    before: Document,
    after: Document,
    *,
    by: str,
    added: Callable[[Document, int], str],
    removed: Callable[[Document, int], str],
    changed: Callable[[str, Document, Document], Changes],
    name: Callable[[Document], str],
) -> Changes:
    """Return what changed in an ordered list whose entries are known by one of their fields."""
    old = {entry[by]: (at, entry) for at, entry in enumerate(before.get(field, ()), 1)}
    new = {entry[by]: (at, entry) for at, entry in enumerate(after.get(field, ()), 1)}
    found: Changes = []
    for key in (key for key in old if key not in new):
        found.append(Change(Kind.REMOVED, f"{field}[{key}]", removed(old[key][1], old[key][0])))
    steps = moved([key for key in old if key in new], [key for key in new if key in old])
    for key, (at, entry) in new.items():
        path = f"{field}[{key}]"
        if key not in old:
            found.append(Change(Kind.ADDED, path, added(entry, at)))
            continue
        if not same(old[key][1], entry):
            found += changed(path, old[key][1], entry)
        if key in steps:
            found.append(Change(Kind.MOVED, path, f"{name(entry)} moved from position {old[key][0]} to {at}."))
    return bounded(field, found) or [Change(Kind.CHANGED, field, f"{field.capitalize()} are written differently.")]


def id_changes(path: str, told: str, before: Sequence[str], after: Sequence[str]) -> Changes:
    """Return which ids came and which went: how many, and the first of them."""
    old, new = set(before), set(after)
    both = ((Kind.ADDED, new - old, after, "now"), (Kind.REMOVED, old - new, before, "no longer"))
    return [
        Change(kind, path, f"{counted(ids)} {word} {told}: {_first(ids, order)}.")
        for kind, ids, order, word in both
        if ids
    ]


def counted(ids: Collection[str]) -> str:
    """Return how many ids there are."""
    return f"{len(ids):,} id{'s' * (len(ids) != 1)}"


def _first(ids: Collection[str], order: Sequence[str]) -> str:
    first = islice((one for one in order if one in ids), LISTED)
    return listed([clipped(value_in_words(one), LONGEST_NAME) for one in first] + [""] * (len(ids) - LISTED))


def moved(before: Sequence[str], after: Sequence[str]) -> set[str]:
    """Return the fewest of the same keys that have to move to come from one order to the other.

    The others are a longest increasing subsequence of the places from which they come.
    """
    place = {key: at for at, key in enumerate(before)}
    ends: list[int] = []  # ends[n]: the smallest place with which a run of n + 1 keys ends
    lengths: list[int] = []
    for key in after:
        length = bisect_left(ends, place[key])
        ends[length : length + 1] = [place[key]]
        lengths.append(length)
    stay, wanted = set(), len(ends) - 1
    for key, length in zip(reversed(after), reversed(lengths), strict=True):
        if length == wanted:
            stay.add(key)
            wanted -= 1
    return set(after) - stay
