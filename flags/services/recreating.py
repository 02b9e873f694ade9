"""Bringing a deleted flag back, in all environments at once: transaction, permission, audit and publishing."""

from typing import cast

from django.db import transaction

from accounts.actors import Actor
from accounts.audit import Action, record
from accounts.errors import KeyTaken
from accounts.models import Project
from accounts.permissions import require
from accounts.querysets import lock_environments
from accounts.roles import Ability
from flags.editing.drafts import new_document
from flags.editing.edits import FlagRecreation
from flags.models import Flag, FlagState
from flags.services.everywhere import checked_drafts
from flags.services.fields import FlagFields
from flags.services.writing import set_shared, shared_fields, write_drafts, write_tags
from flagsite.lib.tracing import traced


@traced
@transaction.atomic
def recreate_flag(*, project: Project, edit: FlagRecreation, by: Actor, comment: str = "") -> Flag:
    """Create the flag that the edit describes, as it was in each environment; disabled in one opened since.

    Raises:
        MissingRole: when the actor may not edit.
        KeyTaken: when the project has a flag of that key again.
        ApprovalRequired: when it would be on where an environment asks for an approval.
        InvalidInput: naming what cannot come back, as `states[production].prerequisites[0].flag`.
    """
    require(by, Ability.EDIT, project)
    environments = lock_environments(project)
    if Flag.objects.filter(project=project, key=edit.key).exists():
        raise KeyTaken(f"The project `{project.key}` has a flag `{edit.key}` again.")
    shared = cast(FlagFields, edit.shared)
    blank = new_document({"type": edit.type, "variations": edit.shared["variations"]})
    blank["salt"] = next((fields["salt"] for fields in edit.states.values() if "salt" in fields), blank["salt"])
    flag = Flag(project=project, key=edit.key, type=edit.type)
    set_shared(flag, shared)
    rows = [FlagState(flag=flag, environment=environment) for environment in environments]
    drafts = checked_drafts(rows, [dict(blank) for _ in rows], edit.states)  # type: ignore[arg-type]  # fields of a flag
    flag.save()
    write_tags(flag, edit.shared.get("tags", []))
    record(Action.CREATE, flag, by=by, project=project, new=shared_fields(flag), comment=comment)
    write_drafts(drafts, Action.CREATE, by=by, comment=comment)
    return flag
