"""What changed of a flag or segment that people read and no SDK is sent: name, description, owner, and so on."""

from collections.abc import Mapping
from typing import Any

from flags.differences.change import Change, Changes, Kind, from_to, quoted
from segments.wording import listed


def about_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Return the changes of what is written about a flag or segment."""
    found: Changes = []
    if before["name"] != after["name"]:
        found.append(from_to("name", "Name", _named(before["name"]), _named(after["name"])))
    if before["description"] != after["description"]:
        found.append(from_to("description", "Description", quoted(before["description"]), quoted(after["description"])))
    if before.get("owner", "") != after.get("owner", ""):
        found.append(from_to("owner", "Owner", _named(before.get("owner", "")), _named(after.get("owner", ""))))
    found += _tags(before.get("tags", []), after.get("tags", []))
    found += _variation_names(before.get("variations", []), after.get("variations", []))
    return found


def _tags(before: list[str], after: list[str]) -> Changes:
    both = ((Kind.ADDED, set(after) - set(before)), (Kind.REMOVED, set(before) - set(after)))
    return [
        Change(
            kind, "tags", f"Tag{'s' * (len(tags) > 1)} {listed([quoted(tag) for tag in sorted(tags)])} {kind.value}."
        )
        for kind, tags in both
        if tags
    ]


def _variation_names(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> Changes:
    old = {entry["key"]: entry.get("name", "") for entry in before}
    return [
        from_to(
            f"variations[{entry['key']}].name",
            f"Variation {quoted(entry['key'])}: name",
            _named(old[entry["key"]]),
            _named(entry.get("name", "")),
        )
        for entry in after
        if entry["key"] in old and old[entry["key"]] != entry.get("name", "")
    ]


def _named(name: str) -> str:
    return quoted(name) if name else "none"
