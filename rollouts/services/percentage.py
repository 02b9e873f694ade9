"""Changing how many contexts a flag lets in."""

from accounts.actors import Actor
from accounts.models import Environment, Project
from flags.models import FlagState
from flags.services import update_flag
from flagsite.lib.problems import InputError, InvalidInput
from flagsite.lib.tracing import traced


@traced
def set_rollout_percentage(
    *,
    project: Project,
    environment: Environment,
    key: str,
    percentage: float,
    by: Actor,
    if_version: int | None = None,
    comment: str = "",
) -> FlagState:
    """Let this share of contexts through the flag's default rule.

    Args:
        project: the flag's project.
        environment: where the share changes.
        key: the flag's key.
        percentage: 0 to 100, in steps of 0.001.
        by: who does it.
        if_version: refuse when the flag is at another version.
        comment: why.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
        StaleVersion: when `if_version` is given and is not the present one.
        InvalidInput: when the percentage is not one; at `comment`, where the environment is protected and nobody says
            why.
    """
    try:
        return update_flag(
            project=project,
            environment=environment,
            key=key,
            fields={"rollout_percentage": percentage},
            by=by,
            if_version=if_version,
            comment=comment if comment or environment.is_protected else f"Rollout set to {percentage} %",
        )
    except InvalidInput as refusal:
        names = {"rollout_percentage": "percentage"}  # as the caller knows it
        errors = [InputError(names.get(each.path, each.path), each.message) for each in refusal.errors]
        raise InvalidInput.of(errors) from None
