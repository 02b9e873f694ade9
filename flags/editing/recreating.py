"""A deleted flag as it was last, and the edit that brings it back. Nothing is written here.

What decides is read from the revisions: in each environment the last document before the deletion, variations and salt
included, so that everybody falls where they fell. Names, tags and the owner are in no revision; the audit log has kept
them with the deletion.
"""

from collections.abc import Mapping
from typing import Any

from accounts.audit import last_deleted
from accounts.models import Project
from flags.documents import bare_variations
from flags.editing.edits import FlagRecreation
from flags.errors import FlagNotFound
from flags.models import Flag, RevisionItem
from flags.services.fields import PER_ENVIRONMENT, SHARED
from flags.services.owners import may_own
from flagsite.lib.canonical import same

Document = Mapping[str, Any]


def edit_that_recreates(key: str, *, project: Project) -> FlagRecreation:
    """Return the edit that brings a deleted flag back in every environment where it was.

    An owner who does not see the project any more stays away.

    Raises:
        FlagNotFound: when there never was such a flag in the environments that there are.
    """
    last = {each.key: document for each in project.environments.all() if (document := _last_document(key, each.pk))}
    if not last:
        raise FlagNotFound(f"The project `{project.key}` never had a flag `{key}`.")
    newest = next(iter(last.values()))
    kept = last_deleted(Flag, project=project, key=key)
    shared = {name: kept[name] for name in SHARED if kept.get(name)}
    if not same(bare_variations(shared.get("variations")), newest["variations"]):
        shared["variations"] = newest["variations"]
    if "owner" in shared and not may_own(shared["owner"], project=project):
        del shared["owner"]
    states = {where: {name: then[name] for name in PER_ENVIRONMENT if name in then} for where, then in last.items()}
    return FlagRecreation(key, newest["type"], shared, states)


def last_item(key: str, *, project: Project) -> RevisionItem | None:
    """Return the newest item of the revisions about a flag that is gone: its deletion; None while it is there."""
    if Flag.objects.filter(project=project, key=key).exists():
        return None
    items = RevisionItem.objects.filter(environment__project=project, kind=RevisionItem.Kind.FLAG, key=key)
    return items.select_related("environment__project").order_by("-pk").first()


def _last_document(key: str, environment: int) -> Document | None:
    items = RevisionItem.objects.filter(environment=environment, kind=RevisionItem.Kind.FLAG, key=key)
    rows = items.select_related("revision").order_by("-number")[:2]  # the deletion, and what was there before it
    return next((document for row in rows if (document := row.document()) is not None), None)
