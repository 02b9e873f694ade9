"""Uploading ids in two steps: keep the file's ids for a preview, then take what was previewed to be reviewed."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.actors import Actor
from accounts.errors import MissingRole
from accounts.models import User
from accounts.permissions import require
from accounts.roles import Ability
from flagsite.lib import clock
from flagsite.lib.problems import InvalidInput, StaleVersion
from segments.id_files import read_ids
from segments.id_layouts import Told, settled
from segments.id_lists import LISTS, Mode, change_of
from segments.models import IdUpload, Segment
from segments.querysets import upload_of
from segments.services.segments import SegmentFields

KEPT_MINUTES: Final = 60
"""How long an upload waits to be confirmed."""
MAX_KEPT_PROBLEMS: Final = 200
"""Wrong lines that a preview names; the others are counted."""


@transaction.atomic
def keep_upload(segment: Segment, *, listed_in: str, mode: Mode, raw: bytes, told: Told, by: Actor) -> IdUpload:
    """Read a file and keep its ids for the preview, in place of the person's last upload. The segment stays as it is.

    Raises:
        MissingRole: when the actor may not edit, or is no person.
        InvalidInput: at `listed_in`, `file`, `column` or `delimiter`; lines that are wrong are no reason.
    """
    require(by, Ability.EDIT, segment.project)
    if by.user is None:
        raise MissingRole("Only a person uploads ids, for they are previewed.")
    if listed_in not in LISTS:
        raise InvalidInput.at("listed_in", f"One of {', '.join(LISTS)}.")
    how = settled(raw, told)
    reading = read_ids(raw, how.layout)
    now = clock.now()
    User.objects.select_for_update(no_key=True).get(pk=by.user.pk)  # two files at once: the later one stays
    IdUpload.objects.filter(Q(owner=by.user) | Q(expires_at__lte=now)).delete()
    return IdUpload.objects.create(
        owner=by.user,
        segment=segment,
        listed_in=listed_in,
        mode=mode.value,
        version=segment.version,
        ids=reading.ids,
        problems=[[each.line, each.wrong.value] for each in reading.problems[:MAX_KEPT_PROBLEMS]],
        problem_counts=reading.counts(),
        read_as=how.read_as,
        doubt=how.doubt,
        expires_at=now + timedelta(minutes=KEPT_MINUTES),
    )


@transaction.atomic
def take_upload(segment: Segment, *, upload: UUID, by: Actor) -> tuple[SegmentFields, int]:
    """Return what the upload makes of the segment, and the version that was previewed; the upload is gone then.

    Raises:
        MissingRole: when the actor may not edit.
        UploadNotFound: when the upload is not (any longer) there, or somebody else's.
        StaleVersion: when the segment is no longer at the version that was previewed.
        InvalidInput: when the file names no id at all.
    """
    require(by, Ability.EDIT, segment.project)
    kept = upload_of(by.user, segment=segment, pk=upload)
    if not kept.ids:
        raise InvalidInput.at("file", "The file names no id; to empty a list, use the segment's form.")
    segment.refresh_from_db()
    StaleVersion.unless(kept.version, present=segment.version, what="segment")
    ids = change_of(getattr(segment, kept.listed_in), kept.ids, Mode(kept.mode)).result
    fields: SegmentFields = {"included": ids} if kept.listed_in == "included" else {"excluded": ids}
    kept.delete()
    return fields, kept.version
