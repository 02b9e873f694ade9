"""What is sent about change requests: edits, versions, comments, moments."""

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.api.queries import PageQuery
from flags.api.serializers import FlagChange, Said
from flags.editing.merging import MINE, THEIRS
from flags.editing.promoting import PARTS
from flags.editing.wishes import Wish
from flags.models import ChangeRequest
from flagsite.lib.strict import Many, Moment, StrictSerializer, Text, Whole, read_body
from segments.api.serializers import SegmentChange, fields_of

MAX_EDITS: Final = 100
"""Edits of a change request that is made over REST: they are tried out together, while nobody else can publish."""
VERBS: Final = ("set", "restore", "copy_from", "delete", "recreate")


class ChangeRequestQuery(PageQuery):
    """Which change requests to list."""

    status = serializers.ChoiceField(required=False, choices=ChangeRequest.Status.choices)
    environment = Text(required=False, help_text="Key of an environment that they are about.")
    flag = Text(required=False, help_text="Key of a flag that they are about; it may be deleted.")
    segment = Text(required=False, help_text="Key of a segment, likewise.")


class FlagSet(FlagChange):
    """What an edit may set of a flag."""

    type = comment = None  # type: ignore[assignment]  # how DRF takes inherited fields away


class SegmentSet(SegmentChange):
    """What an edit may set of a segment."""

    comment = None  # type: ignore[assignment]  # likewise


class EditBody(StrictSerializer):
    """One edit: what it is about (`flag` or `segment`), and one of the verbs."""

    flag = Text(required=False, help_text="Key of the flag.")
    segment = Text(required=False, help_text="Key of the segment; it changes in every environment.")
    environment = Text(required=False, help_text="Key of the environment whose state of the flag is meant.")
    version = Whole(
        required=False, min_value=1, help_text="The version that was read; by default the one that is there now."
    )
    set = serializers.DictField(
        required=False, help_text="As `PATCH /flags/{key}` or `PATCH /segments/{key}` takes it, without the comment."
    )
    restore = Whole(required=False, min_value=1, help_text="Revision of the environment whose state comes back.")
    copy_from = Text(required=False, help_text="Environment from which the flag's state is copied.")
    parts = Many(
        child=serializers.ChoiceField(choices=list(PARTS)),
        required=False,
        allow_empty=False,
        help_text="What is copied; by default everything but the salt.",
    )
    delete = serializers.BooleanField(required=False)
    recreate = serializers.BooleanField(required=False, help_text="Brings a deleted flag back as it was.")

    def validate(self, attrs: dict[str, Any]) -> Wish:
        """Return the wish that the edit is.

        Raises:
            ValidationError: when it says not exactly what it is about and what is done with it.
        """
        about = [kind for kind in ("flag", "segment") if kind in attrs]
        done = [verb for verb in VERBS if attrs.get(verb, False) is not False]
        if len(about) != 1 or len(done) != 1:
            raise ValidationError(
                f"Name one `flag` or `segment`, and one of {', '.join(f'`{verb}`' for verb in VERBS)}."
            )
        if about == ["segment"] and done == ["copy_from"]:
            raise ValidationError({"copy_from": ["A segment is the same in every environment."]})
        if about == ["segment"] and done == ["recreate"]:
            raise ValidationError({"recreate": ["A deleted segment is made anew."]})
        if "parts" in attrs and done != ["copy_from"]:
            raise ValidationError({"parts": ["Only of what is copied."]})
        return Wish(
            kind=about[0],
            key=attrs[about[0]],
            environment=attrs.get("environment"),
            version=attrs.get("version"),
            sets=_set(about[0], attrs["set"]) if done == ["set"] else None,
            restores=attrs.get("restore"),
            copies_from=attrs.get("copy_from"),
            parts=attrs.get("parts"),
            deletes=done == ["delete"],
            recreates=done == ["recreate"],
        )


def _set(kind: str, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        if kind == "segment":
            return dict(fields_of(read_body(SegmentSet, sent)))
        return read_body(FlagSet, sent)
    except ValidationError as refusal:
        raise ValidationError({"set": refusal.detail}) from None


class NewChangeRequest(Said):
    """A change to be proposed."""

    title = Text(required=False, max_length=200, help_text="By default one that says what it is about.")
    edits = Many(child=EditBody(), max_length=MAX_EDITS, allow_empty=False)
    publish_at = Moment(required=False, help_text="When it is published by itself, once it needs no approval any more.")


class Reviewed(Said):
    """Which version was reviewed: another one is not meant."""

    version = Whole(min_value=1, help_text="The version of the change request that was reviewed.")


class Declining(StrictSerializer):
    """Why somebody else's change is declined."""

    version = Whole(min_value=1, help_text="The version of the change request that was reviewed.")
    comment = Text(max_length=2000, help_text="Why; whoever proposed it reads it.")


class ChangeRequestRevision(StrictSerializer):
    """Other edits for a change request."""

    version = Whole(min_value=1, help_text="The version of the change request that was reviewed.")
    title = Text(required=False, max_length=200)
    edits = Many(child=EditBody(), max_length=MAX_EDITS, allow_empty=False)


class Scheduling(Reviewed):
    """When it is to be published."""

    publish_at = Moment(help_text="RFC 3339, such as 2026-12-01T06:00:00Z.")


class Merging(StrictSerializer):
    """Which side wins where both have changed the same."""

    version = Whole(min_value=1, help_text="The version of the change request that was reviewed.")
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=[MINE, THEIRS]),
        required=False,
        help_text="By the `choice` of each clash: `mine` is the change request's side.",
    )


PROPOSAL: Final = OpenApiExample(
    "Half of production, with the version that was read",
    request_only=True,
    value={
        "edits": [
            {"flag": "gift-wrap", "environment": "production", "version": 3, "set": {"rollout_percentage": 50}},
        ],
        "comment": "No complaints from the first quarter",
    },
)
"""What is proposed most often."""
PROMOTION: Final = OpenApiExample(
    "A flag as it is in staging, with its segment, at a set time",
    request_only=True,
    value={
        "title": "Gift wrap for everybody who tests",
        "edits": [
            {"flag": "gift-wrap", "environment": "production", "copy_from": "staging", "parts": ["rules"]},
            {"segment": "beta-testers", "set": {"included": ["user-1", "user-2"]}},
        ],
        "comment": "Tested for a week",
        "publish_at": "2026-12-01T06:00:00Z",
    },
)
"""Several edits that come together or not at all."""
