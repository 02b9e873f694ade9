"""What is said of change requests: in a list, one by one, and what they do to whom."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rest_framework import serializers

from accounts.models import Environment
from flags.editing.edits import Edit, FlagEdit, FlagRecreation, SegmentEdit, edits_from_json
from flags.models import Approval, ChangeRequest
from flags.reviews import Seen
from flags.services.change_requests.merging import Collision


class ChangeRequestSummary(serializers.Serializer[Any]):
    """A change request, as a list has it."""

    id = serializers.IntegerField()
    project = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=ChangeRequest.Status.choices)
    version = serializers.IntegerField(help_text="Counts what became of its edits.")
    author = serializers.CharField()
    comment = serializers.CharField()
    summary = serializers.CharField(help_text="The first sentence of what it changes, and how many more there are.")
    flags = serializers.ListField(child=serializers.CharField())
    segments = serializers.ListField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())
    publish_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField(help_text="Why it could not be published at its time.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    published_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it was declined or withdrawn.")
    ended_by = serializers.CharField(help_text="By whom.")
    reason = serializers.CharField(help_text="Why it was declined or withdrawn.")


class ChangeRequestPage(serializers.Serializer[Any]):
    """A page of change requests, the newest first; `next` and `previous` are addresses."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ChangeRequestSummary(many=True)


class ToldBody(serializers.Serializer[Any]):
    """The same change in one or several environments, in sentences; no environments: of what they share."""

    kind = serializers.CharField(help_text="flag or segment.")
    key = serializers.CharField()
    environments = serializers.ListField(child=serializers.CharField())
    sentences = serializers.ListField(child=serializers.CharField())


class DifferenceBody(serializers.Serializer[Any]):
    """A flag in an environment, or a segment in all of them, before and after; null where it is not there."""

    kind = serializers.CharField(help_text="flag or segment.")
    key = serializers.CharField()
    environment = serializers.CharField(allow_null=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class ApprovalBody(serializers.Serializer[Any]):
    """Somebody approves exactly this version."""

    person = serializers.CharField()
    comment = serializers.CharField()
    at = serializers.DateTimeField()


class ClashBody(serializers.Serializer[Any]):
    """A part that both have changed: `choice` is what `POST …/merge` calls it."""

    choice = serializers.CharField()
    base = serializers.JSONField(allow_null=True)
    mine = serializers.JSONField(allow_null=True)
    theirs = serializers.JSONField(allow_null=True)


class ConflictBody(serializers.Serializer[Any]):
    """What somebody has published in between of something that the change request changes too."""

    place = serializers.CharField()
    mine = serializers.ListField(child=serializers.CharField(), help_text="What the change request wants.")
    theirs = serializers.ListField(child=serializers.CharField(), help_text="What was published in between.")
    revisions = serializers.ListField(child=serializers.IntegerField())
    order = serializers.ListField(
        child=serializers.CharField(), help_text="Which rule comes first where both put one at the same place."
    )
    clashes = ClashBody(many=True)


class ChangeRequestBody(ChangeRequestSummary):
    """A change request with what it would change, or has changed, and what it lacks."""

    edits = serializers.ListField(child=serializers.DictField(), help_text="As they can be sent again.")
    changes = ToldBody(many=True)
    difference = DifferenceBody(many=True)
    digest = serializers.CharField(help_text="SHA-256 of the difference; an approval holds for it alone.")
    approvals = ApprovalBody(many=True, help_text="Those that are in force; once it has ended, those that it had.")
    needs_approval_in = serializers.ListField(child=serializers.CharField())
    needs_comment_in = serializers.ListField(child=serializers.CharField())
    can_be_published = serializers.BooleanField(help_text="But for a comment, and the caller's role.")
    obstacle = serializers.CharField(help_text="Why it cannot be published any more, whoever merges it.")
    conflicts = ConflictBody(many=True, help_text="What has to be merged first.")


KINDS: Final = ("flag", "segment")


def summary_body(change_request: ChangeRequest) -> dict[str, Any]:
    """Return a change request, fetched by `flags.querysets.change_requests_of`, as a list has it."""
    concerns = change_request.concerns.all()
    keys = {kind: list(dict.fromkeys(each.key for each in concerns if each.kind == kind)) for kind in KINDS}
    return {
        "id": change_request.pk,
        "project": change_request.project.key,
        "title": change_request.title,
        "status": str(change_request.status),
        "version": change_request.version,
        "author": change_request.author_label,
        "comment": change_request.comment,
        "summary": change_request.summary,
        "flags": keys["flag"],
        "segments": keys["segment"],
        "environments": list(dict.fromkeys(each.environment for each in concerns)),
        "publish_at": change_request.publish_at,
        "failure": change_request.failure,
        "created_at": change_request.created_at,
        "updated_at": change_request.updated_at,
        "published_at": change_request.published_at,
        "ended_at": change_request.ended_at,
        "ended_by": change_request.ended_by_label,
        "reason": change_request.reason,
    }


def change_request_body(seen: Seen) -> dict[str, Any]:
    """Return a change request as it is now."""
    request = seen.change_request

    def waiting(environments: Sequence[Environment]) -> list[str]:
        return [environment.key for environment in environments if seen.is_live]

    return {
        **summary_body(request),
        "edits": [each for edit in edits_from_json(request.edits) for each in _edit_bodies(edit)],
        "changes": [
            {
                "kind": told.kind,
                "key": told.key,
                "environments": [environment.key for environment in told.environments],
                "sentences": told.sentences,
            }
            for told in seen.told
        ],
        "difference": [
            {
                "kind": entry.item.kind,
                "key": entry.item.key,
                "environment": entry.item.environment.key if entry.item.kind == "flag" else None,
                "before": entry.before,
                "after": entry.after,
            }
            for entry in seen.entries
        ],
        "digest": request.digest,
        "approvals": [_approval_body(each) for each in seen.approvals],
        "needs_approval_in": [] if seen.approvals else waiting(seen.guarded),
        "needs_comment_in": waiting(seen.protected),
        "can_be_published": seen.is_live and not seen.lacks_approval,
        "obstacle": seen.obstacle or " ".join(seen.comparison.gone if seen.comparison else ()),
        "conflicts": [_conflict_body(each) for each in (seen.comparison.collisions if seen.comparison else ())],
    }


def _approval_body(approval: Approval) -> dict[str, Any]:
    return {"person": approval.label, "comment": approval.comment, "at": approval.created_at}


def _conflict_body(collision: Collision) -> dict[str, Any]:
    return {
        "place": collision.place,
        "mine": [change.sentence for change in collision.mine],
        "theirs": [change.sentence for change in collision.theirs],
        "revisions": [revision.number for revision in collision.revisions],
        "order": list(collision.order),
        "clashes": [
            {
                "choice": f"{collision.place}: {clash.path}",
                "base": clash.base,
                "mine": clash.mine,
                "theirs": clash.theirs,
            }
            for clash in collision.clashes
        ],
    }


def _edit_bodies(edit: Edit) -> list[dict[str, Any]]:
    """Return an edit as it can be sent again: one body for what is shared and one for each environment."""
    match edit:
        case FlagEdit():
            shared = [{"flag": edit.key, "set": edit.shared}] if edit.shared else []
            own = [
                {"flag": edit.key, "environment": where, "version": edit.versions[where], "set": fields}
                for where, fields in edit.states.items()
            ]
            return shared + own
        case SegmentEdit():
            return [{"segment": edit.key, "version": edit.version, "set": _renamed(edit.fields)}]
        case FlagRecreation():
            return [{"flag": edit.key, "recreate": True}]
        case _:
            return [{edit.kind.removesuffix("-deletion"): edit.key, "delete": True}]


def _renamed(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {("if" if name == "condition" else name): value for name, value in fields.items()}
