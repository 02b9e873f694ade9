"""Changing a flag in several environments at once: all of it or nothing, and one revision for each that changes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action
from accounts.models import Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flags.documents import state_document
from flags.editing.drafts import Draft, check_references, check_wanted_variations, draft
from flags.models import FlagState
from flags.querysets import lock_flag, states_of
from flags.services.fields import FlagFields
from flags.services.writing import set_shared, shared_fields, write_drafts, write_shared
from flagsite.lib.canonical import same
from flagsite.lib.problems import InputError, InvalidInput, StaleVersion
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def update_flag_everywhere(
    *,
    project: Project,
    key: str,
    shared: FlagFields,
    states: Mapping[str, FlagFields],
    if_versions: Mapping[str, int],
    by: Actor,
    comment: str = "",
) -> None:
    """Change what environments share and what some of them have of their own.

    Args:
        project: the flag's project.
        key: the flag's key.
        shared: name, description, tags, owner and variations, as far as they change.
        states: by key of the environment, what changes there.
        if_versions: by key of the environment, the version that the caller saw; every environment that the change
            touches must be among them, which are all when something shared changes.
        by: who does it.
        comment: why.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
        StaleVersion: when the flag is at another version in any environment, or one was opened since.
        InvalidInput: naming each place that is wrong, those of an environment as `states[production].rules[0].if`.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project)
    flag = lock_flag(key, project=project)
    rows = states_of(flag, environments=environments)
    check_versions([row for row in rows if shared or row.environment.key in states], if_versions)
    documents = [state_document(row) for row in rows]
    old = shared_fields(flag)
    set_shared(flag, shared)
    drafts = checked_drafts(rows, documents, states)
    check_wanted_variations(flag)
    write_shared(flag, shared, old=old, by=by, comment=comment)
    write_drafts([each for each in drafts if not same(each.new, each.old)], Action.UPDATE, by=by, comment=comment)


def check_versions(rows: Sequence[FlagState], seen: Mapping[str, int]) -> None:
    """Pass when every state is at the version that the caller saw.

    Raises:
        StaleVersion: naming the environments in which somebody was faster.
    """
    moved = [row.environment.key for row in rows if seen.get(row.environment.key) != row.version]
    if moved:
        raise StaleVersion(f"Somebody has changed the flag since you opened it, in: {', '.join(moved)}.")


def checked_drafts(
    rows: Sequence[FlagState], documents: Sequence[Mapping[str, Any]], states: Mapping[str, FlagFields]
) -> list[Draft]:
    """Return the drafts of all environments.

    Raises:
        InvalidInput: naming what is wrong in any of them, as `states[production].rules[0].if`.
    """
    drafts: list[Draft] = []
    errors: dict[InputError, None] = {}  # in order, each once: all environments complain of the same variations
    for row, document in zip(rows, documents, strict=True):
        try:
            each = draft(row, dict(document), states.get(row.environment.key, {}))
            check_references(each)
            drafts.append(each)
        except InvalidInput as refusal:
            errors |= dict.fromkeys(_placed(refusal, row.environment.key))
    if errors:
        raise InvalidInput.of(errors)
    return drafts


def _placed(refusal: InvalidInput, environment: str) -> Iterator[InputError]:
    for error in refusal.errors:
        message = error.message.removeprefix(f"In the environment `{environment}`: ")
        shared = error.path.startswith("variations")
        yield InputError(error.path if shared else f"states[{environment}].{error.path}", message)
