"""Creating, changing and deleting a flag: transaction, permission, change, audit and publishing in one place each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict

from django.db import transaction
from django.db.models import F, ProtectedError

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import KeyTaken
from accounts.models import Environment, Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flags.documents import state_document
from flags.drafts import Draft, check_references, check_wanted_variations, draft, new_document
from flags.errors import FlagInUse
from flags.models import Flag, FlagState, FlagTag
from flags.publishing import Change, publish
from flags.querysets import lock_flag, state_named, states_of
from flags.services.writing import write_state
from flagsite.lib.canonical import same
from flagsite.lib.keys import MESSAGE, is_key
from flagsite.lib.problems import InvalidInput, StaleVersion


class FlagFields(TypedDict, total=False):
    """What a caller may set; absent means: as it was, or the default of a new flag.

    The first five are the same in all environments; the others concern the environment that is named.
    """

    name: str
    description: str
    tags: list[str]
    type: str
    variations: list[dict[str, Any]]
    enabled: bool
    salt: str
    off_variation: str
    fallthrough: dict[str, Any]
    rollout_percentage: float
    targets: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    prerequisites: list[dict[str, Any]]


SHARED: Final = frozenset({"name", "description", "tags", "variations"})
PER_ENVIRONMENT: Final = (
    "enabled",
    "salt",
    "off_variation",
    "fallthrough",
    "rollout_percentage",
    "targets",
    "rules",
    "prerequisites",
)


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
    _set_shared(flag, fields)
    document["salt"] = fields.get("salt", document["salt"])
    drafts = [
        draft(
            FlagState(flag=flag, environment=each),
            document,
            _own(fields) if each.pk == environment.pk else {},
        )
        for each in sorted(environments, key=lambda each: each.pk != environment.pk)
    ]
    for each in drafts:
        check_references(each)
    flag.save()
    _write_tags(flag, fields.get("tags", []))
    record(Action.CREATE, flag, by=by, project=project, new=_shared(flag), comment=comment)
    _write(drafts, Action.CREATE, by=by, comment=comment)
    return state_named(key, environment=environment)


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
    _check_version(states[0], if_version)
    if fields.get("type", flag.type) != flag.type:
        raise InvalidInput.at("type", f"The type of a flag never changes; it is `{flag.type}`.")
    documents = [state_document(state) for state in states]
    shared = _shared(flag) if fields.keys() & SHARED else None
    _set_shared(flag, fields)
    drafts = [
        draft(state, document, _own(fields) if state.environment_id == environment.pk else {})
        for state, document in zip(states, documents, strict=True)
    ]
    for each in drafts:
        check_references(each)
    if shared is not None:
        check_wanted_variations(flag)
        _write_shared(flag, fields, old=shared, by=by, comment=comment)
    _write([each for each in drafts if not same(each.new, each.old)], Action.UPDATE, by=by, comment=comment)
    return state_named(key, environment=environment)


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
    """Delete a flag from all environments; its history stays. `if_version` is that of its state in `environment`.

    Raises:
        MissingRole: when the actor may not edit.
        FlagNotFound: when the project has no such flag.
        StaleVersion: when `if_version` is given and is not the present one.
        FlagInUse: when other flags have it as a prerequisite.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project)
    flag = lock_flag(key, project=project)
    _check_version(state_named(key, environment=environment), if_version)
    for state in states_of(flag, environments=environments):
        old = _audited(state_document(state))
        record(
            Action.DELETE,
            state,
            by=by,
            project=project,
            environment=state.environment.key,
            old=old,
            comment=comment,
        )
    record(Action.DELETE, flag, by=by, project=project, old=_shared(flag), comment=comment)
    try:
        flag.delete()
    except ProtectedError as error:
        users = sorted(str(row) for row in error.protected_objects)
        raise FlagInUse(f"The flag `{key}` is in use: {'; '.join(users[:5])}.") from None
    publish([Change(each, flags={key: None}) for each in environments], by=by, comment=comment)


def _write(drafts: Sequence[Draft], action: Action, *, by: Actor, comment: str) -> None:
    """Write checked drafts, put them on record and publish them."""
    for each in drafts:
        write_state(each)
        record(
            action,
            each.state,
            by=by,
            project=each.state.flag.project,
            environment=each.state.environment.key,
            old=_audited(each.old) if action is Action.UPDATE else None,
            new=_audited(each.new),
            comment=comment,
        )
    changes = [Change(each.state.environment, flags={each.state.flag.key: each.new}) for each in drafts]
    publish(changes, by=by, comment=comment)


def _write_shared(flag: Flag, fields: FlagFields, *, old: Mapping[str, Any], by: Actor, comment: str) -> None:
    """Write what concerns all environments, when it has changed; every state is a new version then."""
    if "tags" in fields:
        _write_tags(flag, fields["tags"])
    new = _shared(flag)
    if not same(new, old):
        flag.save()
        FlagState.objects.filter(flag=flag).update(version=F("version") + 1)
        record(Action.UPDATE, flag, by=by, project=flag.project, old=old, new=new, comment=comment)


def _check_version(state: FlagState, if_version: int | None) -> None:
    if if_version is not None and if_version != state.version:
        raise StaleVersion(f"The flag is at version {state.version}, not {if_version}; read it again.")


def _own(fields: FlagFields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in PER_ENVIRONMENT}


def _set_shared(flag: Flag, fields: FlagFields) -> None:
    flag.name = fields.get("name", flag.name)
    flag.description = fields.get("description", flag.description)
    flag.variations = fields.get("variations", flag.variations)


def _write_tags(flag: Flag, names: Sequence[str]) -> None:
    flag.tags.exclude(name__in=names).delete()
    present = set(flag.tags.values_list("name", flat=True))
    FlagTag.objects.bulk_create(FlagTag(flag=flag, name=name) for name in sorted(set(names) - present))


def _shared(flag: Flag) -> Mapping[str, Any]:
    """Return what is the same in all environments, as the audit log keeps it."""
    return {
        "key": flag.key,
        "name": flag.name,
        "description": flag.description,
        "type": flag.type,
        "variations": flag.variations,
        "tags": sorted(flag.tags.values_list("name", flat=True)),
    }


def _audited(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what concerns one environment, as the audit log keeps it."""
    return {name: document[name] for name in PER_ENVIRONMENT}
