"""What a change request does, in sentences, and how they are kept with it: what was reviewed stays to be read.

Revisions hold what SDKs are sent. Names, descriptions, tags and owners are in none, and what was never published is in
none either; so the sentences are kept, not found again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import Environment, Project
from flags.services.change_requests.rehearsing import Difference
from segments.wording import clipped

LONGEST_SUMMARY: Final = 300


@dataclass(frozen=True)
class Told:
    """The same change in one or several environments, in sentences; no environments: of what they share."""

    kind: str
    key: str
    environments: Sequence[Environment]
    sentences: Sequence[str]


def told_of(difference: Difference) -> list[Told]:
    """Return what changes; what is the same in several environments once."""
    found: dict[tuple[str, str, tuple[str, ...]], list[Environment]] = {}
    for about in difference.about:
        if about.changes:
            found[about.kind, about.key, tuple(change.sentence for change in about.changes)] = []
    for entry in difference.entries:
        place = (entry.item.kind, entry.item.key, tuple(entry.sentences))
        found.setdefault(place, []).append(entry.item.environment)
    return [Told(kind, key, environments, sentences) for (kind, key, sentences), environments in found.items()]


def told_as_json(told: Sequence[Told]) -> list[dict[str, Any]]:
    """Return the sentences as they are kept."""
    return [{**vars(each), "environments": [environment.key for environment in each.environments]} for each in told]


def told_from_json(kept: Sequence[Mapping[str, Any]] | None, *, project: Project) -> list[Told]:
    """Return the sentences that were kept; none of a change request of before they were."""
    environments = {environment.key: environment for environment in project.environments.all()} if kept else {}
    return [
        Told(
            each["kind"],
            each["key"],
            [environments[key] for key in each["environments"] if key in environments],
            each["sentences"],
        )
        for each in kept or ()
    ]


def summary_of(told: Sequence[Told]) -> str:
    """Return the first sentence, with its flag or segment where there are several, and how many more there are.

    What decides something comes before names and tags.
    """
    ordered = sorted(told, key=lambda each: not each.environments)
    sentences = [(each.key, sentence) for each in ordered for sentence in each.sentences]
    if not sentences:
        return ""
    key, first = sentences[0]
    named = f"{key}: {first}" if len({each.key for each in told}) > 1 else first
    more = f" And {len(sentences) - 1} more." if len(sentences) > 1 else ""
    return clipped(named, LONGEST_SUMMARY - len(more)) + more
