"""Creating, changing and deleting a flag: transaction, permission, change, audit and publishing in one place each."""

from django.db import transaction
from django.db.models import ProtectedError

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import KeyTaken
from accounts.models import Environment, Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flags.documents import state_document
from flags.editing.drafts import check_references, check_wanted_variations, draft, new_document
from flags.errors import FlagInUse
from flags.models import Flag, FlagState
from flags.movers import end_with_flag
from flags.publishing.publish import Change, publish
from flags.querysets import lock_flag, state_named, states_of
from flags.services.fields import SHARED, FlagFields, own_fields
from flags.services.writing import own_audited, set_shared, shared_fields, write_drafts, write_shared, write_tags
from flagsite.lib.canonical import same
from flagsite.lib.keys import MESSAGE, is_key
from flagsite.lib.problems import InvalidInput, StaleVersion
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def create_flag(
    *,
    project: Project,
    environment: Environment,
    key: str,
    fields: FlagFields,
    by: Actor,
    comment: str = "",
) -> FlagState:
    """Create a flag in all environments of the project, and return its state in `environment`.

    The state fields concern `environment`; in the others the flag starts disabled, with the same salt.

    Raises:
        MissingRole: when the actor may not edit.
        KeyTaken: when the project has a flag of that key.
        InvalidInput: naming each place that is wrong.
    """
    require(by, Ability.EDIT, project)
    if not is_key(key):
        raise InvalidInput.at("key", MESSAGE)
    environments = lock_environments(project)
    if Flag.objects.filter(project=project, key=key).exists():
        raise KeyTaken(f"The project `{project.key}` already has a flag `{key}`.")
    document = new_document(fields)
    flag = Flag(project=project, key=key, type=document["type"], variations=document["variations"])
    set_shared(flag, fields)
    document["salt"] = fields.get("salt", document["salt"])
    drafts = [
        draft(
            FlagState(flag=flag, environment=each),
            document,
            own_fields(fields) if each.pk == environment.pk else {},
        )
        for each in sorted(environments, key=lambda each: each.pk != environment.pk)
    ]
    for each in drafts:
        check_references(each)
    flag.save()
    write_tags(flag, fields.get("tags", []))
    record(Action.CREATE, flag, by=by, project=project, new=shared_fields(flag), comment=comment)
    write_drafts(drafts, Action.CREATE, by=by, comment=comment)
    return state_named(key, environment=environment)


@traced
@transaction.atomic
def update_flag(
    *,
    project: Project,
    environment: Environment,
    key: str,
    fields: FlagFields,
    by: Actor,
    if_version: int | None = None,
    comment: str = "",
) -> FlagState:
    """Change a flag, and return its state in `environment`.

    An environment gets a revision when what SDKs hold of the flag has changed there; a change of variations
    concerns all of them. A call that changes nothing writes nothing.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
        StaleVersion: when `if_version` is given and is not the present one.
        InvalidInput: naming each place that is wrong.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project, only=None if "variations" in fields else environment)
    flag = lock_flag(key, project=project)
    states = states_of(flag, environments=environments)
    states.sort(key=lambda state: state.environment_id != environment.pk)  # what is wrong is said of this one first
    StaleVersion.unless(if_version, present=states[0].version, what="flag")
    if fields.get("type", flag.type) != flag.type:
        raise InvalidInput.at("type", f"The type of a flag never changes; it is `{flag.type}`.")
    documents = [state_document(state) for state in states]
    shared = shared_fields(flag) if fields.keys() & SHARED else None
    set_shared(flag, fields)
    drafts = [
        draft(state, document, own_fields(fields) if state.environment_id == environment.pk else {})
        for state, document in zip(states, documents, strict=True)
    ]
    for each in drafts:
        check_references(each)
    if shared is not None:
        check_wanted_variations(flag)
        write_shared(flag, fields, old=shared, by=by, comment=comment)
    write_drafts([each for each in drafts if not same(each.new, each.old)], Action.UPDATE, by=by, comment=comment)
    return states[0] if shared is None else state_named(key, environment=environment)


@traced
@transaction.atomic
def delete_flag(
    *,
    project: Project,
    environment: Environment,
    key: str,
    by: Actor,
    if_version: int | None = None,
    comment: str = "",
) -> None:
    """Delete a flag from all environments; its history stays, and what moves it ends first.

    `if_version` is that of its state in `environment`.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
        StaleVersion: when `if_version` is given and is not the present one.
        FlagInUse: when other flags have it as a prerequisite.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project)
    flag = lock_flag(key, project=project)
    StaleVersion.unless(if_version, present=state_named(key, environment=environment).version, what="flag")
    states = states_of(flag, environments=environments)
    end_with_flag(states, by=by, comment=comment)
    for state in states:
        old = own_audited(state_document(state))
        record(
            Action.DELETE,
            state,
            by=by,
            project=project,
            environment=state.environment.key,
            old=old,
            comment=comment,
        )
    record(Action.DELETE, flag, by=by, project=project, old=shared_fields(flag), comment=comment)
    try:
        flag.delete()
    except ProtectedError as error:
        users = sorted(str(row) for row in error.protected_objects)
        raise FlagInUse(f"The flag `{key}` is in use: {'; '.join(users[:5])}.") from None
    publish([Change(each, flags={key: None}) for each in environments], by=by, comment=comment)
