"""Turning a flag off in an emergency: one step, whatever the environment asks for otherwise, and marked as such."""

from accounts.actors import Actor, Clearance
from accounts.models import Environment, Project
from flags.models import FlagState
from flags.services.changes import update_flag
from flagsite.lib.tracing import traced


@traced
def turn_off_flag(*, project: Project, environment: Environment, key: str, by: Actor, comment: str = "") -> FlagState:
    """Serve everybody in the environment the off variation, at once.

    Neither a review nor an approval is asked for; the revision says that it was an emergency.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
    """
    return update_flag(
        project=project,
        environment=environment,
        key=key,
        fields={"enabled": False},
        by=by.cleared(Clearance(is_emergency=True)),
        comment=comment.strip() or "Turned off in an emergency",
    )
