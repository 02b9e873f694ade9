"""What needs a person's attention, as the home page tells it: a few of each kind, the most pressing first.

Apps above hand in what they know of with `notices_found_by`: ramps that run, guardrails that fired.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef
from django.urls import reverse

from accounts.models import Environment, Project
from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.reviews.proposing import review_address
from flags.editing.edits import FlagDeletion, FlagEdit, edits_from_json
from flags.models import Approval, ChangeRequest, Flag
from flags.usage.last_asked import stale_in
from flagsite.lib import clock
from segments.wording import clipped

MAX_REQUESTS: Final = 20
"""Change requests of each kind that are looked at."""
TOLD_FOR: Final = timedelta(days=7)
"""How long somebody is told that their change was declined."""
MAX_STALE: Final = 5
"""Stale flags that are named; the rest is counted."""


@dataclass(frozen=True)
class Notice:
    """Something to look at: what kind it is, in colour, what it is, why, and where it leads."""

    kind: str
    colour: str
    title: str
    sentence: str
    address: str


Find = Callable[[Access, Sequence[Project]], Iterable[Notice]]

_found_above: list[Find] = []


def notices_found_by(find: Find) -> None:
    """Set how the app above finds what it wants to be looked at."""
    _found_above[:] = [find]


def notices(access: Access, projects: Sequence[Project], environments: Sequence[Environment]) -> list[Notice]:
    """Return what the person should look at in these projects."""
    found = [*_failed(projects), *_refused(access, projects)]
    for find in _found_above:
        found += find(access, projects)
    return [*found, *_waiting(access, projects, environments), *_stale(projects)]


def _failed(projects: Sequence[Project]) -> Iterator[Notice]:
    rows = ChangeRequest.objects.filter(project__in=projects, status=ChangeRequest.Status.FAILED)
    for row in rows.defer("edits", "told")[:MAX_REQUESTS]:
        sentence = f"{row.summary} {clipped(row.failure)}".strip()
        yield Notice("Not published", "danger", row.title, sentence, review_address(row))


def _refused(access: Access, projects: Sequence[Project]) -> Iterator[Notice]:
    """Return what this person had proposed and somebody else has ended lately: they should know why."""
    statuses = (ChangeRequest.Status.DECLINED, ChangeRequest.Status.WITHDRAWN)
    rows = ChangeRequest.objects.filter(
        project__in=projects,
        status__in=statuses,
        ended_at__gte=clock.now() - TOLD_FOR,
        pk__in=ChangeRequest.contributors.through.objects.filter(user=access.user).values("changerequest"),
    )
    for row in rows.exclude(ended_by=access.user).defer("edits", "told").order_by("-ended_at", "-pk")[:MAX_REQUESTS]:
        status = row.get_status_display()
        why = f": “{row.reason}”" if row.reason else " without a reason."
        sentence = clipped(f"{row.ended_by_label} has {status.lower()} it{why}")
        yield Notice(status, "warning", row.title, sentence, review_address(row))


def _waiting(access: Access, projects: Sequence[Project], environments: Sequence[Environment]) -> Iterator[Notice]:
    """Return what waits for this person: to approve what is others', to publish what is theirs and approved."""
    editable = [project.pk for project in projects if access.may(Ability.EDIT, project.pk)]
    approved = Approval.objects.filter(
        change_request=OuterRef("pk"), digest=OuterRef("digest"), version=OuterRef("version")
    )
    own = ChangeRequest.contributors.through.objects.filter(changerequest=OuterRef("pk"), user=access.user)
    rows = ChangeRequest.objects.filter(project__in=editable, status=ChangeRequest.Status.OPEN)
    rows = rows.annotate(is_approved=Exists(approved), is_own=Exists(own)).filter(is_own=F("is_approved"))
    guarded: dict[int, set[str]] = {}
    for environment in environments:
        if environment.requires_approval:
            guarded.setdefault(environment.project_id, set()).add(environment.key)
    for row in rows.defer("told")[:MAX_REQUESTS]:
        if row.is_own:
            sentence = f"{row.summary} Somebody has approved it: it can be published.".strip()
            yield Notice("Approved", "success", row.title, sentence, review_address(row))
        elif _touches(row, guarded.get(row.project_id, set())):
            sentence = f"{row.summary} {row.author_label} asks for an approval.".strip()
            yield Notice("To approve", "primary", row.title, sentence, review_address(row))


def _touches(row: ChangeRequest, guarded: set[str]) -> bool:
    """Tell whether the change request concerns one of the environments; a segment concerns them all."""
    for edit in edits_from_json(row.edits) if guarded else ():
        match edit:
            case FlagEdit(shared=shared, states=states):
                if guarded & states.keys() or "variations" in shared:
                    return True
            case FlagDeletion():
                return True
            case _:
                return True
    return False


def _stale(projects: Sequence[Project]) -> Iterator[Notice]:
    flags = Flag.objects.filter(project__in=projects)
    stale = stale_in(flags, now=clock.now())
    first = flags.filter(pk__in=stale).order_by("project", "key").values_list("pk", "key")[:MAX_STALE]
    for pk, key in first:
        address = reverse("admin:flags_flag_change", args=[pk])
        yield Notice("Stale", "warning", key, stale[pk].sentence, address)
    more = len(stale) - MAX_STALE
    if more > 0:
        address = f"{reverse('admin:flags_flag_changelist')}?stale=any"
        yield Notice("Stale", "warning", f"{more} more stale flag{'s' * (more > 1)}", "See all of them.", address)
