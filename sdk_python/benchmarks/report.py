"""Writes the results down as Markdown: Flagsite against the best, everybody beside Flagsite, and what to know."""

import platform
from datetime import UTC, datetime
from pathlib import Path

from rounds import Results
from rows import ROWS, THREADS, Row, Verdict, judge


def verdicts(results: Results) -> list[Verdict]:
    """Return what can be judged, in the table's order."""
    judged = (judge(row, results.values.get(row.key, {})) for row in ROWS if row.judged)
    return [verdict for verdict in judged if verdict is not None]


def _is_settled(results: Results, verdict: Verdict) -> bool:
    return verdict.row is not THREADS or not results.was_disturbed


def complaints(results: Results) -> list[str]:
    """Return, in sentences, what keeps a run from being a success; none is what `make bench` hopes for."""
    found = verdicts(results)
    unjudged = {row.title for row in ROWS if row.judged} - {verdict.row.title for verdict in found}
    return [
        *(f"missed: {each.row.title}" for each in found if _is_settled(results, each) and not each.kept),
        *(f"not judged, the machine was busy: {each.row.title}" for each in found if not _is_settled(results, each)),
        *(f"not measured: {title}" for title in sorted(unjudged)),
        *(f"{name} could not be measured whole: {reason}" for name, reason in results.broken.items()),
    ]


def tables(results: Results) -> str:
    """Return the Markdown of a run."""
    return "\n\n".join([_against_the_best(results), _beside_each_other(results), _notes(results)]) + "\n"


def page(results: Results, command: str) -> str:
    """Return the documentation page of a run."""
    return f"""# Benchmarks

Made by `{command}` on {datetime.now(UTC):%d %B %Y}; a run replaces this page. Every SDK gets the same flags in its own
format, runs offline in a process of its own, and has to give the right answers for 1,000 contexts before it is timed.
All take turns, and the best of the rounds counts (for threads the median, because their luck is part of the matter). A
decision is the call that an application writes, with the context as a plain dict; construction starts from the
configuration as JSON text in memory.

{tables(results)}"""


def _against_the_best(results: Results) -> str:
    lines = [
        "## Against the best of the others",
        "",
        "What is judged is the ratio: clocks differ between machines.",
        "",
        "| what | Flagsite | budget | best other | ratio | at most | |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for verdict in verdicts(results):
        row = verdict.row
        least = "at least " if row is THREADS else ""
        limit = "" if row is THREADS else f"{row.ratio:.2f}"
        ratio = "" if row is THREADS else f"{verdict.ratio:.2f}"
        lines.append(
            f"| {row.title} | {row.show(verdict.ours)} | {least}{row.show(row.budget * row.scale)} "
            f"| {row.show(verdict.best)} ({_package(results, verdict.peer)}) | {ratio} | {limit} "
            f"| {_word(results, verdict)} |"
        )
    return "\n".join(lines)


def _word(results: Results, verdict: Verdict) -> str:
    if not _is_settled(results, verdict):
        return "not judged: the machine was busy"
    return "kept" if verdict.kept else "**missed**"


def _beside_each_other(results: Results) -> str:
    rows = [row for row in ROWS if row.key in results.values or row.key in results.missing]
    lines = [
        "## Everybody beside Flagsite",
        "",
        "In brackets: how many times Flagsite's figure. A dash has its reason below.",
        "",
        "| | " + " | ".join(row.title for row in rows) + " |",
        "|---|" + "--:|" * len(rows),
    ]
    lines += [
        f"| {_package(results, name)} | " + " | ".join(_cell(results, row, name) for row in rows) + " |"
        for name in results.peers
    ]
    return "\n".join(lines)


def _cell(results: Results, row: Row, name: str) -> str:
    values = results.values.get(row.key, {})
    if name not in values:
        return "–"
    ours = values.get("flagsite")
    if ours is None or name == "flagsite" or row is THREADS:
        return row.show(values[name])
    return f"{row.show(values[name])} ({values[name] / ours:.1f}×)"


def _notes(results: Results) -> str:
    lines = ["## What to know", ""]
    lines += [
        f"- {_package(results, name)} {peer['version']}: {peer['remark']}." for name, peer in results.peers.items()
    ]
    titles = {row.key: row.title for row in ROWS}
    lines += [
        f"- {_package(results, name)} has no figure for “{titles[key]}”: {reason}."
        for key, reasons in results.missing.items()
        for name, reason in reasons.items()
    ]
    without = "no network: each process was alone in an empty network namespace"
    load = (
        f"Load of the machine: {results.load[0]:.1f} before, {results.load[1]:.1f} after (a run by itself ends near 1)."
        " The best of the rounds hides what others take; two threads cannot, and are not judged on a busy machine."
    )
    with_network = "addresses that answer nobody (this system does not let a process leave the network)"
    lines += [
        f"- Offline means {without if results.offline else with_network}.",
        f"- {load}",
        f"- Python {platform.python_version()}, {platform.system()} {platform.machine()}, {_processor()}.",
    ]
    return "\n".join(lines)


def _package(results: Results, name: str) -> str:
    return {"flagsite": "**Flagsite**", "flagsite_engine": "Flagsite's engine"}.get(
        name, results.peers[name]["package"]
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(models)} × {models[0]}" if models else platform.processor()
