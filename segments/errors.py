"""What segments refuse."""

from flagsite.lib.problems import Conflict, NotFound


class SegmentNotFound(NotFound):
    """No such segment in the project."""

    code = "SEGMENT_NOT_FOUND"


class SegmentInUse(Conflict):
    """Flags or other segments name it, so it cannot be deleted."""

    code = "SEGMENT_IN_USE"


class UploadNotFound(NotFound):
    """No such upload of this person: it was confirmed, has expired, or a newer one took its place."""

    code = "UPLOAD_NOT_FOUND"
