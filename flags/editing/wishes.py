"""What somebody asks for one thing at a time, as the edits of a change request: the road of the REST API.

A wish sets fields, brings a revision back, copies from another environment, deletes, or recreates. Wishes of one flag
become one edit, on the versions that were named or, where none was, on those that are there now. Nothing is written
here, and what may be done with the edits is found out by doing them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from accounts.models import Project
from flags.documents import state_document
from flags.editing.edits import Edit, FlagDeletion, FlagEdit, SegmentDeletion, SegmentEdit
from flags.editing.promoting import PARTS, SALT, taken
from flags.editing.recreating import edit_that_recreates
from flags.errors import InvalidEdit, RevisionNotFound
from flags.models import FlagState, RevisionItem
from flags.querysets import document_at, revision_numbered, state_named
from flags.services.fields import PER_ENVIRONMENT, SHARED
from flagsite.lib.problems import InputError, InvalidInput
from segments.models import Segment

Fields = Mapping[str, Any]
_OF_A_STATE: Final = re.compile(r"states\[(?P<environment>[^\]]*)\]\.(?P<inner>.*)", re.DOTALL)


@dataclass(frozen=True)
class Wish:
    """One thing that is asked for; of the verbs exactly one is there."""

    kind: str
    """`flag` or `segment`."""
    key: str
    environment: str | None = None
    version: int | None = None
    sets: Fields | None = None
    restores: int | None = None
    copies_from: str | None = None
    parts: Sequence[str] | None = None
    """What is copied; None: everything but the salt, which decides who falls where."""
    deletes: bool = False
    recreates: bool = False


@dataclass(frozen=True)
class Asked:
    """The edits that wishes became; and by edit which wish set which field, by key of the environment and name."""

    edits: Sequence[Edit]
    sources: Sequence[Mapping[tuple[str, str], int]]
    wishes: Sequence[Wish]

    def placed(self, refusal: InvalidEdit) -> InvalidInput:
        """Return what is wrong with an edit, at the places of the wishes: `edits[0].set.rules[0].if`."""
        return InvalidInput.of([self._placed(self.sources[refusal.edit], error) for error in refusal.errors])

    def _placed(self, sources: Mapping[tuple[str, str], int], error: InputError) -> InputError:
        state = _OF_A_STATE.fullmatch(error.path)
        where, inner = (state["environment"], state["inner"]) if state else ("", error.path)
        name = re.split(r"[.\[]", inner, maxsplit=1)[0]
        nearest = [wish for (environment, _), wish in sources.items() if environment == where]
        number = sources.get((where, name), next(iter([*nearest, *sources.values()])))
        if self.wishes[number].sets is None:
            return InputError(f"edits[{number}]", f"{inner}: {error.message}" if inner else error.message)
        return InputError(f"edits[{number}].set" + (f".{inner}" if inner else ""), error.message)


def edits_of(wishes: Sequence[Wish], *, project: Project) -> Asked:
    """Return the edits that the wishes ask for.

    Raises:
        InvalidInput: when a wish names no environment where it has to, or one that there is not, or sets again what
            another one has set.
        FlagNotFound, RevisionNotFound: when there is nothing to copy, or to bring back.
    """
    asking = _Asking(wishes, project)
    edits: list[Edit] = []
    sources: list[Mapping[tuple[str, str], int]] = []
    for number, wish in enumerate(wishes):
        asking.check(number, wish)
        if wish.kind == "segment":
            edits.append(asking.edit_of_segment(wish))
            sources.append({("", ""): number})
        elif wish.deletes:
            edits.append(FlagDeletion(wish.key, asking.versions(wish)))
            sources.append({("", ""): number})
        elif wish.recreates:
            edits.append(edit_that_recreates(wish.key, project=project))
            sources.append({("", ""): number})
        else:
            asking.collect(number, wish)
    for key, collected in asking.flags.items():
        versions = asking.versions_of(key, collected)
        edits.append(FlagEdit(key, collected.shared, collected.states, versions, restores=collected.restores))
        sources.append(collected.sources)
    return Asked(edits, sources, wishes)


@dataclass
class _Collected:
    """The edit of one flag while wishes are added to it."""

    shared: dict[str, Any] = field(default_factory=dict)
    states: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    sources: dict[tuple[str, str], int] = field(default_factory=dict)
    restores: dict[str, int] = field(default_factory=dict)


class _Asking:
    """The wishes of one request while they become edits, and what is there now of what they name."""

    def __init__(self, wishes: Sequence[Wish], project: Project) -> None:
        self.project = project
        self.environments = {environment.key: environment for environment in project.environments.all()}
        self.flags: dict[str, _Collected] = {}
        named = {kind: [wish.key for wish in wishes if wish.kind == kind] for kind in ("flag", "segment")}
        self.present: dict[str, dict[str, int]] = {}
        states = FlagState.objects.filter(flag__project=project, flag__key__in=named["flag"])
        for key, where, version in states.values_list("flag__key", "environment__key", "version"):
            self.present.setdefault(key, {})[where] = version
        segments = Segment.objects.filter(project=project, key__in=named["segment"])
        self.segments = dict(segments.values_list("key", "version"))

    def check(self, number: int, wish: Wish) -> None:
        """Refuse a wish whose environments are not there, or that names none where it has to."""
        for name, key in (("environment", wish.environment), ("copy_from", wish.copies_from)):
            if key is not None and key not in self.environments:
                known = ", ".join(self.environments)
                raise InvalidInput.at(
                    f"edits[{number}].{name}", f"There is no environment `{key}`; there are: {known}."
                )
        if wish.environment is None and (missing := _needs_environment(wish)):
            raise InvalidInput.at(f"edits[{number}].environment", missing)

    def edit_of_segment(self, wish: Wish) -> Edit:
        """Return the edit that a wish about a segment asks for."""
        version = self.segments.get(wish.key, 0) if wish.version is None else wish.version
        if wish.deletes:
            return SegmentDeletion(wish.key, version)
        if wish.sets is not None:
            return SegmentEdit(wish.key, wish.sets, version)
        then = self._document(wish)
        fields = {"condition": then.get("if"), "included": then.get("included", [])}
        restored = {**fields, "excluded": then.get("excluded", [])}
        return SegmentEdit(wish.key, restored, version, restores=wish.restores or 0)

    def collect(self, number: int, wish: Wish) -> None:
        """Add a wish to the edit of its flag."""
        collected = self.flags.setdefault(wish.key, _Collected())
        for name, value in self._fields(wish).items():
            where = "" if name in SHARED else wish.environment or ""
            if (where, name) in collected.sources:
                raise InvalidInput.at(f"edits[{number}]", f"Another edit sets `{name}` of the flag already.")
            collected.sources[where, name] = number
            (collected.states.setdefault(where, {}) if where else collected.shared)[name] = value
        collected.sources.setdefault((wish.environment or "", ""), number)
        if wish.restores is not None:
            collected.restores[wish.environment or ""] = wish.restores
        if wish.environment is not None:
            collected.versions |= self.versions(wish)

    def versions(self, wish: Wish) -> dict[str, int]:
        """Return the versions that a wish is made on: those there are now, and the one that it names."""
        present = self.present.get(wish.key, {})
        if wish.environment is None:
            return present
        chosen = present if wish.deletes else {key: present[key] for key in (wish.environment,) if key in present}
        return chosen | ({} if wish.version is None else {wish.environment: wish.version})

    def versions_of(self, key: str, collected: _Collected) -> dict[str, int]:
        """Return the versions that a flag's edit is made on: of all environments when it changes what they share."""
        return (self.present.get(key, {}) if collected.shared else {}) | collected.versions

    def _fields(self, wish: Wish) -> Fields:
        if wish.sets is not None:
            return wish.sets
        if wish.copies_from is not None:
            source = state_document(state_named(wish.key, environment=self.environments[wish.copies_from]))
            return taken(source, [name for name in PARTS if name != SALT] if wish.parts is None else wish.parts)
        then = self._document(wish)
        return {name: then[name] for name in PER_ENVIRONMENT if name in then}

    def _document(self, wish: Wish) -> Mapping[str, Any]:
        """Return what a flag or segment was at the revision that is brought back."""
        environment, number = self.environments[wish.environment or ""], wish.restores or 0
        revision_numbered(number, environment=environment)
        then = document_at(RevisionItem.Kind(wish.kind), wish.key, environment=environment, number=number)
        if then is None:
            raise RevisionNotFound(f"The {wish.kind} `{wish.key}` did not exist at revision {number}.")
        return then


def _needs_environment(wish: Wish) -> str:
    """Return why the wish has to name an environment, or nothing."""
    if wish.restores is not None:
        return "Revisions are counted in each environment: name it."
    if wish.kind == "segment":
        return ""
    own = [name for name in wish.sets or () if name in PER_ENVIRONMENT]
    if own or wish.copies_from is not None:
        return f"Name the environment in which {', '.join(own) or 'the flag'} changes."
    return "The version is that of a state: name its environment." if wish.version is not None else ""
