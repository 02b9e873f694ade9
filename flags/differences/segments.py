"""What changed between two documents of a segment."""

from typing import Final

from flags.differences.change import Change, Changes, Document, Kind, from_to, same_field, unknown
from flags.differences.lists import counted, id_changes
from segments.wording import condition_in_words

_LISTS: Final = {"included": "listed in", "excluded": "listed out"}


def segment_created(segment: Document) -> str:
    """Return in one line who is in a new segment."""
    lists = [f"{counted(segment[name])} {told}" for name, told in _LISTS.items() if segment.get(name)]
    condition = [f"if {condition_in_words(segment['if'])}"] if "if" in segment else []
    return ", ".join([*lists, *condition]) or "nobody is in it"


def segment_parts(before: Document, after: Document) -> Changes:
    """Return the changes of a segment that was there and still is."""
    found: Changes = []
    if not same_field("if", before, after):
        old, new = (condition_in_words(each["if"]) if "if" in each else "none" for each in (before, after))
        found.append(from_to("if", "Condition", old, new))
    for name, told in _LISTS.items():
        if not same_field(name, before, after):
            old_ids, new_ids = before.get(name, []), after.get(name, [])
            in_order = [Change(Kind.MOVED, name, f"The ids {told} are in another order.")]
            found += id_changes(name, told, old_ids, new_ids) or in_order
    for name in sorted((before.keys() | after.keys()) - _LISTS.keys() - {"if"}):
        found += [] if same_field(name, before, after) else unknown(name)(before, after)
    return found
