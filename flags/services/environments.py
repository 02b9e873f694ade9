"""Opening an environment: it starts with every flag of the project, disabled."""

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Environment, Project
from accounts.services import create_environment
from flags.documents import state_document
from flags.editing.drafts import draft, new_document
from flags.models import Flag, FlagState
from flags.publishing.publish import Change, publish
from flags.querysets import states_in
from flags.services.writing import write_state
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def open_environment(*, project: Project, key: str, name: str, by: Actor, comment: str = "") -> Environment:
    """Create an environment in which every flag of the project is disabled, as its first revision.

    Raises:
        MissingRole: when the actor may not manage the project.
        KeyTaken: when the project has an environment of that key.
        InvalidInput: when the key cannot be one.
    """
    environment = create_environment(project=project, key=key, name=name, by=by)
    for flag in Flag.objects.filter(project=project):
        salt = flag.states.values_list("salt", flat=True).first()
        document = new_document({"type": flag.type, "variations": flag.variations})
        write_state(
            draft(FlagState(flag=flag, environment=environment), document | ({"salt": salt} if salt else {}), {})
        )
    flags = {state.flag.key: state_document(state) for state in states_in(environment)}
    segments = {segment.key: segment.document() for segment in project.segments.all()}
    publish(
        [Change(environment, flags=flags, segments=segments)],
        by=by,
        comment=comment or "Opened the environment",
    )
    return environment
