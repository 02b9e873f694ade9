"""Finds the attributes that a project's flags ask about, and those that were seen, for the condition builder."""

from collections.abc import Iterator

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Project
from flags.models import FlagState
from flags.querysets import seen_attributes
from segments.attributes import Found, Values, asked_in


def attributes_in_flags(project: Project) -> Iterator[Found]:
    """Return what the rules of all environments ask about, and what contexts are bucketed by."""
    states = FlagState.objects.filter(flag__project=project).order_by()
    buckets = states.filter(fallthrough__has_key="bucket_by").values_list("fallthrough__bucket_by", flat=True)
    for attribute in buckets.distinct():
        yield attribute, "text"
    # as texts: most environments of a flag have the same rules, and there may be thousands of flags
    texts = states.annotate(text=Cast("rules", TextField())).values_list("text", flat=True)
    for text in texts.distinct().iterator(chunk_size=500):
        for rule in orjson.loads(text):
            if "bucket_by" in rule["serve"]:
                yield rule["serve"]["bucket_by"], "text"
            yield from asked_in(rule["if"])


def values_seen(project: Project) -> Values:
    """Return some values of the attributes that contexts had lately."""
    return {attribute.path: attribute.examples for attribute in seen_attributes(project)}


def attributes_known(project: Project) -> Iterator[Found]:
    """Return what flags ask about, and what the contexts had that were seen lately."""
    yield from attributes_in_flags(project)
    for attribute in seen_attributes(project):
        yield from ((attribute.path, kind) for kind in attribute.kinds)
