"""Finds the attributes that a project's flags ask about, for the suggestions of the condition builder."""

from collections.abc import Iterator

from accounts.models import Project
from flags.models import FlagState
from segments.attributes import Found, asked_in


def attributes_in_flags(project: Project) -> Iterator[Found]:
    """Return what the rules of all environments ask about, and what contexts are bucketed by."""
    rows = FlagState.objects.filter(flag__project=project).values_list("rules", "fallthrough")
    for rules, fallthrough in rows.iterator(chunk_size=500):
        for serve in (fallthrough, *(rule["serve"] for rule in rules)):
            if "bucket_by" in serve:
                yield serve["bucket_by"], "text"
        for rule in rules:
            yield from asked_in(rule["if"])
