"""Every app has the same floor plan and every room stays readable; an exception is a decision, taken here."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import Source

APPS = ("accounts", "segments", "flags", "rollouts")

ROOMS = {
    "__init__",
    "admin",
    "api",
    "apps",
    "errors",
    "forms",
    "management",
    "migrations",
    "models",
    "permissions",
    "querysets",
    "services",
    "tasks",
    "urls",
}
"""Same name, same job, in every app; the design page says which."""

NOUNS = {
    "accounts/actors": "who makes a change, and from where",
    "accounts/adapters": "answers what django-allauth asks an installation",
    "accounts/audit": "writes what changed, old and new, into the audit log",
    "accounts/claims": "what an OpenID provider says of somebody, and which roles follow",
    "accounts/credentials": "the text of a key: made, read, hashed",
    "accounts/lock_outs": "who may not try to sign in for a while",
    "accounts/mail": "what people are told by e-mail",
    "accounts/rates": "how often a key may ask, and an address may guess",
    "accounts/roles": "the table of what a role may do",
    "accounts/second_factors": "who has a second factor, and who must have one",
    "accounts/sign_ins": "writes down who comes, goes, or is not let in",
    "segments/attributes": "which attributes conditions ask about, and what they seem to be",
    "segments/id_files": "files of ids: read line by line, written as CSV",
    "segments/id_layouts": "how a file of ids is laid out, when nobody has said",
    "segments/id_lists": "what an upload makes of a list of ids, what is found in one, what the log keeps of one",
    "segments/publishing": "the road that flags hand in, so that segments need not import them",
    "segments/uses": "where a segment is used, of which flags hand in their part",
    "segments/vocabulary": "the engine's operators as the condition builder offers them",
    "segments/wording": "writes conditions in plain English",
    "flags/answers": "evaluations as the server gives them out, each written out once",
    "flags/chain": "the digests that tie revisions, and whether a chain of them is whole",
    "flags/contexts": "what may be kept of a context, and what kept ones tell",
    "flags/differences": "what changed between two documents, in sentences",
    "flags/documents": "rows as the documents that SDKs get",
    "flags/editing": "changes of flags before they are written: edits, drafts, merges, restorations",
    "flags/evaluation": "decides flags on the server, with the SDK's engine",
    "flags/history": "what happened to flags and segments: before, after, and what changed",
    "flags/impact": "what a change does to contexts and to the bucket space",
    "flags/limits": "how much of everything there may be",
    "flags/metrics": "what Prometheus is told of flags",
    "flags/movers": "what moves flags by itself, of which rollouts hand in theirs",
    "flags/publishing": "whether a change may enter, its revision, and waking those who wait",
    "flags/reading": "what a static reading of rules finds, with proofs and witnesses",
    "flags/recording": "records what the server decides, for whom and why",
    "flags/reviews": "what a review says of a change request: sentences, effects, what stands in the way",
    "flags/serving": "the short road in front of Django, for what SDKs ask all the time",
    "flags/snapshots": "an environment's configuration as this process holds it",
    "flags/stream": "who follows an environment, and what each of them is sent when",
    "flags/traces": "what spans say of evaluations and changes",
    "flags/usage": "how often and how lately flags are asked for, and what follows from it",
    "flags/uses": "where flags name attributes and segments",
    "rollouts/guardrails": "what is watched, what its source says, and the verdict",
    "rollouts/metrics": "what Prometheus is told of ramps",
    "rollouts/notices": "what is told of ramps, and one attempt to tell it",
    "rollouts/schedule": "when a ramp takes which step",
    "rollouts/standing": "where a ramp stands and what is next",
    "rollouts/statistics": "whether it is worse inside, by numbers alone",
    "rollouts/steps": "the steps that are asked for, read and checked",
    "rollouts/target": "what a ramp moves: the default rule or one rule",
    "rollouts/templates": "templates of ramps, ours and a team's own",
    "rollouts/wording": "how ramps are told in words",
}
"""Rooms that one app has and the others have not: `app/noun`, and what it decides."""

LONG = {
    "flagsite/demo/shop.py": "the demo's data, without logic, read from top to bottom",
}
"""Files past 300 lines, each with the reason why splitting it would make it harder to read."""

MOST_LINES = 300
MOST_LINES_OF_A_VIEW = 15
NAMELESS = frozenset({"utils", "util", "helpers", "helper", "common", "core", "misc", "base", "shared", "stuff"})


@pytest.mark.parametrize("app", APPS)
def test_an_app_has_no_room_that_is_not_on_the_plan(app: str, root: Path) -> None:
    rooms = {
        entry.stem
        for entry in (root / app).iterdir()
        if entry.suffix == ".py" or (entry.is_dir() and any(entry.rglob("*.py")))
    }
    assert sorted(rooms - ROOMS - {noun.split("/")[1] for noun in NOUNS if noun.startswith(f"{app}/")}) == []


def test_every_noun_on_the_plan_is_a_room_with_a_job(root: Path) -> None:
    gone = [noun for noun in NOUNS if not (root / noun).is_dir() and not (root / f"{noun}.py").is_file()]
    jobless = [noun for noun, job in NOUNS.items() if len(job.split()) < 3]
    assert gone + jobless == []


def test_no_module_hides_behind_a_name_that_says_nothing(sources: list[Source]) -> None:
    nameless = [
        source.path
        for source in sources
        if any(
            part in NAMELESS or part.endswith(("_utils", "_helpers"))
            for part in Path(source.path).with_suffix("").parts
        )
    ]
    assert nameless == []


def test_a_file_fits_in_the_reader_s_head(sources: list[Source]) -> None:
    long = {source.path: source.lines for source in sources if source.lines > MOST_LINES}
    assert {path: lines for path, lines in long.items() if path not in LONG} == {}
    assert sorted(LONG.keys() - long.keys()) == [], "no longer long: strike it off the list"


def test_everything_that_writes_says_what_it_does(sources: list[Source]) -> None:
    silent = [
        f"{source.path}:{node.lineno} {node.name}"
        for source in sources
        if source.path.split("/")[0] in APPS and "services" in Path(source.path).with_suffix("").parts
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_a_view_gives_a_request_its_shape_and_no_more(sources: list[Source]) -> None:
    thick = [
        f"{source.path}:{node.lineno} {node.name}: {lines} lines"
        for source in sources
        if source.path.split("/")[0] in APPS and {"api", "views"} <= set(Path(source.path).with_suffix("").parts)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for body in [node.body[1:] if ast.get_docstring(node) else node.body]
        if body
        for lines in [(body[-1].end_lineno or 0) - body[0].lineno + 1]
        if lines > MOST_LINES_OF_A_VIEW
    ]
    assert thick == []
