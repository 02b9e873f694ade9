"""Reads of segments."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Func, IntegerField, Q, QuerySet

from accounts.models import Project, User
from flagsite.lib import clock
from segments.errors import SegmentNotFound, UploadNotFound
from segments.models import IdUpload, Segment, SegmentUse


def segments_of(project: Project, *, search: str = "") -> QuerySet[Segment]:
    """Return the project's segments, those whose key, name or description holds `search`."""
    rows = Segment.objects.filter(project=project)
    if search:
        rows = rows.filter(
            Q(key__icontains=search) | Q(name__icontains=search) | Q(description__icontains=search),
        )
    return rows


def segment_named(key: str, *, project: Project, for_update: bool = False) -> Segment:
    """Return one segment, locked when it is about to be changed.

    Raises:
        SegmentNotFound: when there is none of that key.
    """
    rows = Segment.objects.select_for_update() if for_update else Segment.objects.all()
    segment = rows.filter(project=project, key=key).first()
    if segment is None:
        raise SegmentNotFound(f"The project `{project.key}` has no segment `{key}`.")
    return segment


def missing_segments(keys: Iterable[str], *, project: Project) -> list[str]:
    """Return those of the keys that no segment of the project has, sorted."""
    wanted = set(keys)
    if not wanted:
        return []
    found = Segment.objects.filter(project=project, key__in=wanted).values_list("key", flat=True)
    return sorted(wanted - set(found))


def uses_between_segments(project: Project) -> dict[str, set[str]]:
    """Return for each segment that names others the keys of those."""
    graph: dict[str, set[str]] = {}
    for user, used in SegmentUse.objects.filter(user__project=project).values_list("user__key", "used__key"):
        graph.setdefault(user, set()).add(used)
    return graph


def upload_of(user: User | None, *, segment: Segment, pk: UUID) -> IdUpload:
    """Return the person's upload that waits to be confirmed.

    Raises:
        UploadNotFound: when there is none of that id, it is another person's, or it has expired.
    """
    rows = IdUpload.objects.filter(pk=pk, owner=user, segment=segment, expires_at__gt=clock.now())
    upload = rows.first() if user else None
    if upload is None:
        raise UploadNotFound("The upload is no longer there; choose the file again.")
    return upload


class _Length(Func):
    """How many entries a JSON list has, without fetching it."""

    function = "JSON_ARRAY_LENGTH"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return PostgreSQL's word for it."""
        return self.as_sql(compiler, connection, function="JSONB_ARRAY_LENGTH", **context)


def with_lengths(rows: QuerySet[Segment]) -> QuerySet[Any]:
    """Return the segments with `included_held` and `excluded_held`, how many ids are listed, but without the ids."""
    lengths = {"included_held": _Length("included"), "excluded_held": _Length("excluded")}
    return rows.defer("condition", "included", "excluded").annotate(**lengths)
