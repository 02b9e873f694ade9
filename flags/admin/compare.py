"""Two environments side by side, of one flag or of all; what is picked is promoted through the review."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from accounts.admin.requests import access_of
from accounts.models import Environment
from accounts.roles import Ability
from flags.admin.desk_pages import DeskPages, asked_for, environments_of, project_meant
from flags.admin.history.side_by_side import Row, side_by_side
from flags.admin.reviews.proposing import lead_to_review
from flags.documents import state_document
from flags.editing.edits import FlagEdit
from flags.editing.promoting import PARTS, Part, parts_between, taken
from flags.models import FlagState, Prerequisite
from flags.querysets import search_states
from flagsite.lib.problems import InvalidInput, NotAllowed, Refusal, StaleVersion

MAX_PROMOTED: Final = 50
"""Flags that one promotion takes along; as many stand on a page."""
MAX_COMMENT: Final = 2_000


@dataclass(frozen=True)
class Pair:
    """One flag's states in both environments, as far as they differ."""

    source: FlagState
    target: FlagState
    parts: Sequence[Part]
    rows: Sequence[Row] | None

    @property
    def seen(self) -> str:
        """Return what the form sends back to say which versions were compared."""
        return f"{self.source.version}:{self.target.version}"


class ComparePages(DeskPages):
    """Comparing is for whoever sees the project; promoting is for its editors."""

    def get_urls(self) -> list[Any]:
        """Add comparing and promoting."""
        guard = self.admin_site.admin_view
        own = [
            path("compare/", guard(require_GET(self.compare_view)), name="flags_flag_compare"),
            path("promote/", guard(require_POST(self.promote_view)), name="flags_flag_promote"),
        ]
        return [*own, *super().get_urls()]

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Show in which flags, and in what, two environments differ."""
        projects = self.projects_seen(request)
        project = project_meant(projects, asked_for(request, "project"))
        environments = environments_of(project)
        key, find = asked_for(request, "flag"), asked_for(request, "find")
        about: dict[str, Any] = {
            "title": "Compare and promote",
            "projects": projects,
            "project": project,
            "environments": environments,
            "flag": key,
            "find": find,
            "may_promote": access_of(request).may(Ability.EDIT, project.pk),
            "most": MAX_PROMOTED,
        }
        if len(environments) > 1:
            source, target = _both(request, environments)
            differing, alike = _differing(source, target, key=key, find=find)
            page = Paginator(differing, MAX_PROMOTED).get_page(asked_for(request, "p"))
            about |= {"source": source, "target": target, "pairs": [_pair(*each) for each in page], "shown": page}
            about |= {"alike": alike, "own_address": request.get_full_path()}
        return self.desk_page(request, "compare", about)

    def promote_view(self, request: HttpRequest) -> HttpResponse:
        """Propose what was picked, and lead to its review."""
        projects = self.projects_seen(request)
        project = project_meant(projects, asked_for(request, "project"))
        if not access_of(request).may(Ability.EDIT, project.pk):
            raise PermissionDenied
        source, target = _both(request, environments_of(project))
        about = {name: asked_for(request, name) for name in ("flag", "find", "p")}
        back = compare_address(project=project.key, source=source.key, target=target.key, **about)
        try:
            edits = _edits(request, source, target)
            comment = asked_for(request, "comment") or f"Promoted from {source.name}"
            if len(comment) > MAX_COMMENT:
                raise InvalidInput.at("comment", f"At most {MAX_COMMENT:,} characters.")
            return HttpResponseRedirect(
                lead_to_review(request, project=project, edits=edits, comment=comment, otherwise=back)
            )
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.detail) from None
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(back)


def compare_address(**about: str) -> str:
    """Return the address of a comparison."""
    return f"{reverse('admin:flags_flag_compare')}?{urlencode({name: value for name, value in about.items() if value})}"


def _both(request: HttpRequest, environments: Sequence[Environment]) -> tuple[Environment, Environment]:
    """Return from where and to where: as asked for, else from the last but one to the last.

    Whoever chooses another project on the page still asks for environments of the one before.

    Raises:
        Http404: when there are no two environments, or something is sent to one that is not there.
    """
    by_key = {each.key: each for each in environments}
    wanted = {name: asked_for(request, name) for name in ("source", "target")}
    if len(environments) < 2 or (request.method == "POST" and not by_key.keys() >= set(wanted.values())):  # noqa: PLR2004 - a pair
        raise Http404
    target = by_key.get(wanted["target"], environments[-1])
    others = [each for each in environments if each.key != target.key]
    return by_key.get(wanted["source"], others[-1]), target


def _differing(
    source: Environment, target: Environment, *, key: str, find: str
) -> tuple[list[tuple[FlagState, FlagState, list[Part]]], int]:
    """Return the flags that differ, by key, with what differs in them; and how many do not."""
    ours, theirs = ({state.flag.key: state for state in _states(each, key, find)} for each in (source, target))
    found = []
    for name in sorted(ours.keys() & theirs.keys()):
        parts = parts_between(state_document(theirs[name]), state_document(ours[name]))
        if parts:
            found.append((ours[name], theirs[name], parts))
    return found, len(ours) - len(found)


def _states(environment: Environment, key: str, find: str) -> Iterable[FlagState]:
    """Return the states with what is compared of them, and nothing else: there may be thousands."""
    required = Prefetch("prerequisites", Prerequisite.objects.select_related("flag"))
    rows = search_states(environment, search=find).select_related(None).prefetch_related(None)
    rows = rows.select_related("flag").prefetch_related(required)
    return rows.filter(flag__key=key) if key else rows


def _pair(source: FlagState, target: FlagState, parts: Sequence[Part]) -> Pair:
    return Pair(source, target, parts, side_by_side(state_document(target), state_document(source)))


def _edits(request: HttpRequest, source: Environment, target: Environment) -> list[FlagEdit]:
    """Return the edits of what was picked.

    Raises:
        InvalidInput: when nothing was picked, or too much, or something that is not offered.
        StaleVersion: when a flag is no longer what was compared.
    """
    picked = _picked(request.POST.getlist("pick"))
    rows = {state.flag.key: state for state in search_states(source).filter(flag__key__in=picked)}
    versions = dict(
        FlagState.objects.filter(environment=target, flag__key__in=picked).values_list("flag__key", "version")
    )
    edits = []
    for key, names in picked.items():
        if key not in rows or key not in versions:
            raise InvalidInput.at("pick", f"There is no flag {key}.")
        ours, _, theirs = request.POST.get(f"seen:{key}", "").partition(":")
        if ours != str(rows[key].version):
            raise StaleVersion(f"{key} has changed in {source.name} since you compared it; compare again.")
        version = int(theirs) if theirs.isdecimal() else 0
        fields = taken(state_document(rows[key]), names)
        edits.append(FlagEdit(key, states={target.key: fields}, versions={target.key: version}))
    return edits


def _picked(sent: Iterable[str]) -> Mapping[str, set[str]]:
    """Return by key of a flag the parts that were picked: they come as `key:part`."""
    found: dict[str, set[str]] = {}
    for each in sent:
        key, _, part = each.replace("\0", "").partition(":")
        if part not in PARTS:
            raise InvalidInput.at("pick", "Something was picked that cannot be promoted.")
        found.setdefault(key, set()).add(part)
    if not found:
        raise InvalidInput.at("", "Pick at least one difference to promote.")
    if len(found) > MAX_PROMOTED:
        raise InvalidInput.at("", f"One promotion takes at most {MAX_PROMOTED} flags along, not {len(found)}.")
    return found
