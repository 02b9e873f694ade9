"""Bringing an earlier state of a flag forward, as a new revision."""

from typing import cast

from accounts.actors import Actor
from accounts.models import Environment, Project
from flags.errors import RevisionNotFound
from flags.models import FlagState, RevisionItem
from flags.querysets import document_at, revision_numbered
from flags.services.changes import update_flag
from flags.services.fields import PER_ENVIRONMENT, FlagFields
from flagsite.lib.tracing import traced


@traced
def restore_flag(
    *,
    project: Project,
    environment: Environment,
    key: str,
    revision: int,
    by: Actor,
    if_version: int | None = None,
    comment: str = "",
) -> FlagState:
    """Give a flag the state in the environment that it had at a revision.

    Everything but the variations comes back: those are shared with the other environments. When the old state needs
    a variation, segment or flag that is gone, the change is refused and says so.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag now.
        RevisionNotFound: when there is no such revision, or the flag did not exist at it.
        InvalidInput: when the old state cannot be used any more.
    """
    revision_numbered(revision, environment=environment)
    document = document_at(RevisionItem.Kind.FLAG, key, environment=environment, number=revision)
    if document is None:
        raise RevisionNotFound(f"The flag `{key}` did not exist at revision {revision}.")
    return update_flag(
        project=project,
        environment=environment,
        key=key,
        fields=cast(FlagFields, {name: document[name] for name in PER_ENVIRONMENT}),
        by=by,
        if_version=if_version,
        comment=comment or f"Restored revision {revision}",
    )
