"""Reads of flags, their states and their revisions."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import orjson
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, TextField, prefetch_related_objects
from django.db.models.functions import Cast, Coalesce, Greatest

from accounts.models import Environment, Project
from flags.chain.digests import GENESIS
from flags.chain.heads import ExportedHead
from flags.chain.links import Broken, Head, Link, verify, within
from flags.contexts import SeenAttribute, attributes_in, without
from flags.errors import ChangeRequestNotFound, FlagNotFound, NotPending, RevisionNotFound
from flags.limits import MAX_RECENT_CONTEXTS
from flags.models import ChangeRequest, Concern, Flag, FlagState, Prerequisite, RecentContext, Revision, RevisionItem
from flagsite.lib.prepared import Given, Prepared

LINKS_AT_ONCE = 50
"""Revisions that a verification of a chain holds in memory at once; their deltas may be large."""

LOOKED_AT_FOR_ATTRIBUTES = 500
"""Recent contexts from which attributes and their values are suggested."""

_LOCKED: Final = Prepared(
    lambda: Flag.objects.select_for_update().filter(project=Given("project"), key=Given("key")).order_by()
)
_STATE: Final = Prepared(lambda: _with_need().filter(flag=Given("flag"), environment=Given("environment")).order_by())
_DIGEST: Final = Prepared(
    lambda: Revision.objects.filter(environment=Given("environment"), number=Given("number")).order_by().only("digest")
)


def states_in(environment: Environment) -> QuerySet[FlagState]:
    """Return the states of all flags in the environment, with all that their documents need."""
    return (
        FlagState.objects.filter(environment=environment)
        .select_related("flag__owner", "environment__project")
        .prefetch_related(Prefetch("prerequisites", Prerequisite.objects.select_related("flag")), "flag__tags")
        .order_by("flag__key")
    )


def with_states(flags: QuerySet[Flag]) -> QuerySet[Flag]:
    """Return the flags with their tags and their states in all environments, in five queries however many there are."""
    required = Prefetch("prerequisites", Prerequisite.objects.select_related("flag"))
    states = FlagState.objects.select_related("environment").prefetch_related(required)
    ordered = states.order_by("environment__position", "environment__key")
    return flags.select_related("owner").prefetch_related(Prefetch("states", ordered), "tags")


def with_last_change(flags: QuerySet[Flag]) -> QuerySet[Flag]:
    """Return the flags with `changed_at`: when somebody last changed the flag itself or its state anywhere."""
    states = FlagState.objects.filter(flag=OuterRef("pk")).order_by("-updated_at").values("updated_at")[:1]
    return flags.annotate(changed_at=Greatest("updated_at", Coalesce(Subquery(states), "updated_at")))


def _with_need() -> QuerySet[Any]:
    """Return states with `needs`: whether they have prerequisites."""
    return FlagState.objects.annotate(needs=Exists(Prerequisite.objects.filter(state=OuterRef("pk"))))


def states_of(flag: Flag, *, environments: Sequence[Environment]) -> list[FlagState]:
    """Return the flag's states in these environments, bound to the (locked) rows that the caller holds."""
    held = {environment.pk: environment for environment in environments}
    if len(held) == 1:
        states = _STATE.ask(flag=flag.pk, environment=environments[0].pk)
    else:
        states = list(_with_need().filter(flag=flag, environment__in=held).order_by("environment_id"))
    required = Prefetch("prerequisites", Prerequisite.objects.select_related("flag"))
    prefetch_related_objects([state for state in states if state.needs], required)
    for state in states:
        state.flag, state.environment = flag, held[state.environment_id]
        state.is_bound = bool(state.needs)
    return states


def search_states(environment: Environment, *, search: str = "", tag: str = "") -> QuerySet[FlagState]:
    """Return the states whose flag's key, name or description holds `search` and which carry the tag."""
    rows = states_in(environment)
    if search:
        rows = rows.filter(
            Q(flag__key__icontains=search) | Q(flag__name__icontains=search) | Q(flag__description__icontains=search),
        )
    return rows.filter(flag__tags__name=tag) if tag else rows


def state_named(key: str, *, environment: Environment) -> FlagState:
    """Return one flag's state.

    Raises:
        FlagNotFound: when the project has no such flag.
    """
    state = states_in(environment).filter(flag__key=key).first()
    if state is None:
        raise FlagNotFound(f"There is no flag `{key}`.")
    return state


def lock_flag(key: str, *, project: Project) -> Flag:
    """Return one flag, locked until the transaction ends.

    Raises:
        FlagNotFound: when the project has no such flag.
    """
    flag = _LOCKED.one(project=project.pk, key=key)
    if flag is None:
        raise FlagNotFound(f"There is no flag `{key}`.")
    flag.project = project
    return flag


def flag_named(key: str, *, project: Project) -> Flag:
    """Return one flag.

    Raises:
        FlagNotFound: when the project has no such flag.
    """
    flag = Flag.objects.filter(project=project, key=key).first()
    if flag is None:
        raise FlagNotFound(f"There is no flag `{key}`.")
    return flag


def change_requests_of(project: Project, **about: str) -> QuerySet[ChangeRequest]:
    """Return the change requests of a project with what they are about, in two queries however many there are.

    Args:
        project: whose.
        about: `status`, and `environment`, `flag` and `segment` by their keys; empty: any.
    """
    rows = ChangeRequest.objects.filter(project=project).select_related("project").prefetch_related("concerns")
    if about.get("status"):
        rows = rows.filter(status=about["status"])
    here = {"environment": about["environment"]} if about.get("environment") else {}
    named = [{"kind": kind, "key": about[kind], **here} for kind in ("flag", "segment") if about.get(kind)]
    for wanted in named or [here] * bool(here):
        rows = rows.filter(Exists(Concern.objects.filter(change_request=OuterRef("pk"), **wanted)))
    return rows


def change_request_of(project: Project, pk: int) -> ChangeRequest:
    """Return one change request of the project.

    Raises:
        ChangeRequestNotFound: when it has none of that number.
    """
    found = change_requests_of(project).filter(pk=pk).first()
    if found is None:
        raise ChangeRequestNotFound(f"The project `{project.key}` has no change request {pk}.")
    return found


def lock_change_request(change_request: ChangeRequest) -> ChangeRequest:
    """Return a change request that can still be changed or published, fresh and locked until the transaction ends.

    Raises:
        NotPending: when it was published, declined or withdrawn.
    """
    rows = ChangeRequest.objects.select_for_update(of=("self",)).select_related("project", "author", "publisher")
    held = rows.get(pk=change_request.pk)
    if not held.is_pending:
        raise NotPending(f"The change request was {held.get_status_display().lower()}.")
    return held


def variations_of(keys: Iterable[str], *, project: Project) -> dict[str, set[str]]:
    """Return the variations' keys of those flags that exist."""
    rows = Flag.objects.filter(project=project, key__in=list(keys)).values_list("key", "variations")
    return {key: {entry["key"] for entry in variations} for key, variations in rows}


def prerequisite_graph(environment: Environment) -> dict[str, set[str]]:
    """Return for each flag that has prerequisites in the environment the keys of the flags it requires."""
    graph: dict[str, set[str]] = {}
    rows = Prerequisite.objects.filter(state__environment=environment)
    for key, required in rows.values_list("state__flag__key", "flag__key"):
        graph.setdefault(key, set()).add(required)
    return graph


def history_of(
    key: str, *, environment: Environment, kind: RevisionItem.Kind = RevisionItem.Kind.FLAG
) -> QuerySet[Any]:
    """Return what happened to a flag, or a segment, in the environment, the newest first."""
    items = RevisionItem.objects.filter(environment=environment, kind=kind, key=key)
    return with_predecessors(items).order_by("-number")


def with_predecessors(items: QuerySet[RevisionItem]) -> QuerySet[Any]:
    """Return the items with `previous_id`: the revision that concerned the same flag or segment before, or None."""
    same = {name: OuterRef(name) for name in ("environment", "kind", "key")}
    before = RevisionItem.objects.filter(**same, number__lt=OuterRef("number")).order_by("-number")
    return items.annotate(previous_id=Subquery(before.values("revision_id")[:1]))


def document_at(kind: RevisionItem.Kind, key: str, *, environment: Environment, number: int) -> dict[str, Any] | None:
    """Return a flag's or segment's document as it was at a revision, or None when it did not exist then."""
    item = (
        RevisionItem.objects.filter(environment=environment, kind=kind, key=key, number__lte=number)
        .select_related("revision")
        .order_by("-number")
        .first()
    )
    return item.document() if item else None


def deleted_at(key: str, *, environment: Environment) -> datetime | None:
    """Return when a flag that is not there any more was deleted; None for one that never was."""
    item = history_of(key, environment=environment).select_related("revision").first()
    return item.revision.created_at if item else None


def revision_at(moment: datetime, *, environment: Environment) -> int:
    """Return the number of the revision that was in force at a moment; 0 before the first."""
    rows = Revision.objects.filter(environment=environment, created_at__lte=moment).order_by("-number")
    return rows.values_list("number", flat=True).first() or 0


def revision_numbered(number: int, *, environment: Environment) -> Revision:
    """Return one revision.

    Raises:
        RevisionNotFound: when the environment has none of that number.
    """
    revision = Revision.objects.filter(environment=environment, number=number).first()
    if revision is None:
        raise RevisionNotFound(f"The environment `{environment.key}` has no revision {number}.")
    return revision


def verified_chain(environment: Environment) -> Head | Broken:
    """Return the head of the environment's chain of revisions, or the first revision at which it is not whole.

    Reads every revision once, a few at a time; nobody has to stop publishing.
    """
    rows = Environment.objects.filter(pk=environment.pk).values_list("revision", flat=True)
    least = rows.get()
    names = tuple(field.name for field in fields(Link))
    revisions = Revision.objects.filter(environment=environment).order_by("number").values_list(*names)
    links = (Link(*values) for values in revisions.iterator(chunk_size=LINKS_AT_ONCE))
    found = verify(links, environment=environment.pk)
    return within(found, least=least, most=rows.get())


def digest_numbered(number: int, *, environment: int) -> str | None:
    """Return the digest of a revision of the environment of this id; None when there is none of that number."""
    if number == 0:
        return GENESIS
    revision = _DIGEST.one(environment=environment, number=number)
    return revision.digest if revision else None


def exported_head(environment: Environment) -> ExportedHead:
    """Return where the environment's chain stands, unverified."""
    rows = Revision.objects.filter(environment=environment, number=environment.revision)
    digest, created_at = rows.values_list("digest", "created_at").first() or (GENESIS, None)
    place = environment.pk, environment.project.key, environment.key
    return ExportedHead(*place, environment.revision, digest, created_at)


def recent_contexts(environment: Environment, limit: int = MAX_RECENT_CONTEXTS) -> list[dict[str, Any]]:
    """Return the contexts seen last in the environment, the latest first, with those attributes that may be kept."""
    if environment.project.hash_context_ids:
        return []  # those of before the project decided so go within an hour
    rows = RecentContext.objects.filter(environment=environment).order_by("-seen_at", "-pk")
    # as text: there are thousands, and the field's own way of reading JSON takes much longer
    found = rows.annotate(text=Cast("attributes", TextField())).values_list("context_id", "text")[:limit]
    people = [{**orjson.loads(text), "id": key} for key, text in found]
    return without(people, environment.project.recorded_attributes)


def seen_attributes(project: Project) -> list[SeenAttribute]:
    """Return which attributes those seen last in the project had, by path, with the kinds and some of their values."""
    if project.hash_context_ids:
        return []
    rows = RecentContext.objects.filter(environment__project=project).exclude(attributes={}).order_by("-seen_at", "-pk")
    found = rows.values_list("attributes", flat=True)[:LOOKED_AT_FOR_ATTRIBUTES]
    return attributes_in(without(list(found), project.recorded_attributes))
