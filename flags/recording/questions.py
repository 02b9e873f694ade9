"""What is asked of recorded evaluations: the API, the explanation of a decision and the admin ask in the same way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import Environment, Project
from flags.contexts import ids_of, listed, shown_id
from flags.models import RecordedEvaluation
from flagsite.lib.moments import rfc3339


@dataclass(frozen=True)
class Asked:
    """Which evaluations; empty: all of them. Of users, that is None: the empty id is that of the anonymous."""

    since: datetime | None = None
    until: datetime | None = None
    user_id: str | None = None
    variation: str = ""
    reason: str = ""
    rule: str = ""


def evaluations_of(key: str, environment: Environment, asked: Asked = Asked()) -> QuerySet[RecordedEvaluation]:
    """Return the recorded evaluations of a flag, the newest first; `until` is not among them, `since` is."""
    wanted: dict[str, Any] = {"variation": asked.variation, "reason": asked.reason, "rule": asked.rule}
    wanted |= {"time__gte": asked.since, "time__lt": asked.until}
    if asked.user_id is not None:
        wanted["context_id__in"] = ids_of(asked.user_id, salt=environment.project.context_salt)
    rows = RecordedEvaluation.objects.filter(environment=environment, flag_key=key)
    return rows.filter(**{path: value for path, value in wanted.items() if value}).order_by("-time", "-id")


def evaluation_body(row: RecordedEvaluation, project: Project) -> dict[str, Any]:
    """Return a recorded evaluation as it is shown: attributes that are listed now, no id where only hashes may be."""
    context_id = shown_id(row.context_id, salt=project.context_salt, hashed=project.hash_context_ids)
    return {
        "time": rfc3339(row.time),
        "context_id": context_id,
        "variation": row.variation,
        "reason": row.reason,
        "rule": row.rule,
        "error_code": row.error_code,
        "revision": row.revision,
        "attributes": listed(row.attributes, project.recorded_attributes),
        "source": row.source,
    }
