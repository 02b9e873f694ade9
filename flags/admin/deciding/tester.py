"""The tester: what a flag is for a context in every environment, and why; or all flags of one environment."""

from dataclasses import asdict, dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.models import Environment, Project
from flags.admin.deciding.paths import REASONS, Stage, stages_of
from flags.admin.deciding.rulers import Ruler, rulers_of
from flags.admin.deciding.tester_form import TYPES, ContextForm, Row, rows_of
from flags.admin.desk_pages import DeskPages, asked_for, environments_of, project_meant
from flags.admin.flags.cards import named_variations
from flags.evaluation import Context, explain
from flags.models import Flag
from flags.querysets import recent_contexts
from flags.snapshots import snapshot_of
from flagsite.lib.problems import Refusal
from flagsite.lib.text_fields import pretty
from segments.attributes import attributes_of
from segments.wording import clipped, value_in_words

MAX_DECIDED: Final = 500
"""Flags that the table of all flags shows; a text in the key narrows them down."""
MAX_RECENT: Final = 8
"""Contexts seen lately that can be taken."""
MAX_FLAGS_OFFERED: Final = 1_000
"""Keys of flags that the page suggests; any other can be typed."""


@dataclass(frozen=True)
class Answer:
    """What a flag is in one environment; `problem` is set when it could not be decided."""

    environment: Environment
    revision: int
    problem: str = ""
    value: str = ""
    variation: str = ""
    colour: str = ""
    reason: str = ""
    rule: str = ""
    stages: tuple[tuple[Stage, tuple[Ruler, ...]], ...] = ()


@dataclass(frozen=True)
class Decided:
    """One flag in the table of all flags."""

    key: str
    value: str
    variation: str
    reason: str
    rule: str


class TesterPages(DeskPages):
    """The tester's page. It changes nothing: whoever sees the project may ask."""

    def get_urls(self) -> list[Any]:
        """Add the tester."""
        view = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.tester_view))
        return [path("tester/", view, name="flags_flag_tester"), *super().get_urls()]

    def tester_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for a context and answer.

        Asked by POST, though nothing changes: who a context is does not belong into addresses and access logs.
        """
        projects = self.projects_seen(request)
        project = project_meant(projects, asked_for(request, "project"))
        environments = environments_of(project)
        key = asked_for(request, "flag")
        usual = environments[-1].key if environments else ""
        wanted = asked_for(request, "environment") or usual
        shows_all = request.POST.get("show") == "all"
        # a test in every environment sends along where all flags would be shown: nobody has asked for that place
        seen_in = wanted if shows_all or request.method == "GET" else usual
        form = ContextForm(request.POST if request.method == "POST" else None)
        flags = Flag.objects.filter(project=project).order_by("key")
        about: dict[str, Any] = {
            "title": "Tester",
            "projects": projects,
            "project": project,
            "environments": environments,
            "flag": key,
            "wanted": wanted,
            "find": asked_for(request, "find"),
            "flags": flags.values_list("key", flat=True)[:MAX_FLAGS_OFFERED],
            **context_asked(form, project),
            **(seen_lately(_environment_named(environments, seen_in)) if environments else {}),
        }
        if form.is_bound and form.is_valid():
            context = form.cleaned_data["context"]
            if shows_all:
                chosen = next((each for each in environments if each.key == wanted), None)
                about |= _all_flags(chosen, context, about["find"]) if chosen else {"lacks": "Choose an environment."}
            else:
                about |= _one_flag(project, environments, key, context)
        return self.desk_page(request, "tester", about)


def tester_address(**about: str) -> str:
    """Return the tester's address for a project and a flag."""
    return f"{reverse('admin:flags_flag_tester')}?{urlencode(about)}"


def context_asked(form: ContextForm, project: Project) -> dict[str, Any]:
    """Return what the part of a page is told that asks for a context."""
    return {"form": form, "rows": _rows(form.rows), "types": TYPES, "attributes": _typed(attributes_of(project))}


def _typed(attributes: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return the attributes, each with the type of its row: text too where several were seen, or none."""
    types = dict(TYPES)
    found = {path: next(iter(kinds), "") if len(kinds) == 1 else "" for path, kinds in attributes.items()}
    return [(path, kind if kind in types else "text") for path, kind in found.items() if path != "id"]


def _rows(rows: list[Row]) -> list[dict[str, str]]:
    """Return what was typed, with an empty row to begin with."""
    return [asdict(row) for row in rows] or [{"name": "", "type": "text", "value": ""}]


def _environment_named(environments: list[Environment], wanted: str) -> Environment:
    return next((each for each in environments if each.key == wanted), environments[-1])


def seen_lately(environment: Environment) -> dict[str, Any]:
    """Return a few contexts seen lately in the environment, each in one line and as rows.

    `rows` is None where rows cannot say it; it is taken as JSON then.
    """
    found = []
    for context in recent_contexts(environment, MAX_RECENT):
        rows = rows_of(context)
        told = ", ".join(f"{name} {value_in_words(value)}" for name, value in context.items() if name != "id")
        shown = None if rows is None else [asdict(row) for row in rows]
        found.append({"id": context["id"], "told": clipped(told, 120), "rows": shown, "json": pretty(context)})
    return {"recent": found, "seen_in": environment}


def _one_flag(project: Project, environments: list[Environment], key: str, context: Context) -> dict[str, Any]:
    flag = Flag.objects.filter(project=project, key=key).first()
    if flag is None:
        return {"lacks": f"There is no flag “{clipped(key, 128)}” in {project}." if key else "Choose a flag."}
    colours = {key: one.colour for key, one in named_variations(flag.variations).items()}
    answers = [_answer(each, key, context, colours) for each in environments]
    served = {(answer.variation, answer.problem) for answer in answers}
    return {"answers": answers, "decided_flag": flag, "is_same": len(served) == 1}


def _answer(environment: Environment, key: str, context: Context, colours: dict[str, str]) -> Answer:
    revision = snapshot_of(environment).revision
    try:
        return answer_in(environment, explain(environment, key, context), colours, revision=revision)
    except Refusal as refusal:
        return Answer(environment, revision, problem=refusal.detail)


def answer_in(environment: Environment, found: dict[str, Any], colours: dict[str, str], *, revision: int) -> Answer:
    """Return an evaluation that was explained as the pages show it; it tells itself which revision decided."""
    stages = zip(stages_of(found), found["steps"], strict=True)
    return Answer(
        environment,
        found.get("revision", revision),
        value=pretty(found["value"]),
        variation=found["variation"],
        colour=colours.get(found["variation"], ""),
        reason=REASONS[found["reason"]],
        rule=_rule_named(found),
        stages=tuple((stage, tuple(rulers_of(step, colours))) for stage, step in stages),
    )


def _rule_named(found: dict[str, Any]) -> str:
    rules = (step for step in found["steps"] if step["step"] == "rule" and step["id"] == found["rule"])
    return next((step["name"] or step["id"] for step in rules), "")


def _all_flags(environment: Environment, context: Context, find: str) -> dict[str, Any]:
    snapshot = snapshot_of(environment)
    found = snapshot.engine.evaluate_all(context)  # past flags.evaluation, which notes who was decided for
    keys = [key for key in sorted(found) if find.lower() in key.lower()]
    decided = [
        Decided(
            key,
            value=clipped(value_in_words(found[key].value), 80),
            variation=found[key].variation or "",
            reason=found[key].error or REASONS.get(found[key].reason, str(found[key].reason)),
            rule=found[key].rule or "",
        )
        for key in keys[:MAX_DECIDED]
    ]
    return {
        "decided": decided,
        "more": max(0, len(keys) - MAX_DECIDED),
        "decided_in": environment,
        "revision": snapshot.revision,
    }
