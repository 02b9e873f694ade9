"""Deciding flags on the server: the same engine that the SDK ships, on the configuration that this process holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from flagsite_sdk.engine.errors import Malformed, UnknownFlag
from flagsite_sdk.engine.snapshot import Snapshot

from accounts.models import Environment
from flags import metrics, recording
from flags.answers import Answer
from flags.errors import FlagNotFound, FlagUnusable
from flags.impact import Documents, Impact, impact_of
from flags.limits import MAX_CONTEXT_BYTES
from flags.models import RevisionItem
from flags.querysets import deleted_at, document_at, recent_contexts, revision_at
from flags.snapshots import snapshot_of
from flags.traces import describe_evaluation, describe_evaluations
from flags.uses.leaning import names_in
from flagsite.lib import clock, tracing
from flagsite.lib.canonical import canonical
from flagsite.lib.keys import is_key
from flagsite.lib.moments import rfc3339
from flagsite.lib.problems import InvalidInput, Refusal, TooLarge

Context = Mapping[str, Any]
_NOBODY: Context = {}
"""The context without an id, for which every flag that there is has the error `INVALID_CONTEXT`."""


def checked_context(context: Any) -> Context:
    """Return a context that the engine can be asked about.

    Raises:
        InvalidInput: when it is not an object with a text `id`.
        TooLarge: when it takes more than 64 KiB.
    """
    if not isinstance(context, dict):
        raise InvalidInput.at("context", "A context is an object with an `id` and any attributes.")
    if not isinstance(context.get("id"), str):
        raise InvalidInput.at("context.id", "A context needs an `id`, which is a text.")
    try:
        size = len(orjson.dumps(context))
    except orjson.JSONEncodeError:  # an attribute of the query is not read by the body's parser
        raise InvalidInput.at("context", "The context is nested too deeply.") from None
    if size > MAX_CONTEXT_BYTES:
        raise TooLarge(f"A context has at most {MAX_CONTEXT_BYTES} bytes, not {size}.")
    return context


def evaluate(environment: Environment, key: str, context: Context) -> Answer:
    """Return what a flag is for a context now; errors come as an evaluation with reason ERROR. It is recorded."""
    with tracing.span("flagsite.evaluate") as span:
        answer = snapshot_of(environment).answers.one(key, context)
        describe_evaluation(span, environment, context, key, answer.evaluation)
        note(environment, context, answer)
    return answer


def evaluate_all(environment: Environment, context: Context) -> list[Answer]:
    """Return what every flag is for a context now, all of one revision. It is recorded."""
    with tracing.span("flagsite.evaluate") as span:
        answers = snapshot_of(environment).answers.all(context)
        describe_evaluations(span, environment, answers)
        note_all(environment, context, answers)
    return answers


def note_invalid(environment: Environment, key: str | None) -> None:
    """Count that a flag, or every one, was asked for with a context that cannot be used; there is nobody to record."""
    answers = snapshot_of(environment).answers
    if key is None:
        note_all(environment, _NOBODY, answers.all(_NOBODY))
    else:
        note(environment, _NOBODY, answers.one(key, _NOBODY))


def note(environment: Environment, context: Context, answer: Answer) -> None:
    """Record that a flag was decided by itself; errors go into the metrics at once."""
    recording.note_one(environment, context, answer)
    if answer.evaluation.error_code is not None:
        _count_error(environment, answer)


def note_all(environment: Environment, context: Context, answers: Sequence[Answer]) -> None:
    """Record that all flags were decided at once."""
    recording.note_all(environment, context, answers)
    for answer in answers:
        if answer.evaluation.error_code is not None:
            _count_error(environment, answer)


def _count_error(environment: Environment, answer: Answer) -> None:
    """Put an error into the metrics, by its code, which the record of how often flags are decided does not know."""
    if is_key(answer.key):
        metrics.failed(metrics.Place.of(environment), answer.key, code=answer.decided.error_code, source="server")


def explain(environment: Environment, key: str, context: Context, *, at: datetime | None = None) -> dict[str, Any]:
    """Return the evaluation with every step on the way to it, now or as of a past moment.

    Raises:
        FlagNotFound: when there is no such flag, or was none at that moment.
        FlagUnusable: when the flag's definition cannot be used.
        Refusal: when segments inside of segments go so deep that no JSON could hold the explanation.
    """
    snapshot = snapshot_of(environment).engine if at is None else _snapshot_at(environment, at, key)
    now = clock.epoch() if at is None else at.timestamp()
    try:
        explanation = snapshot.explain(key, context, now=now)
        orjson.dumps(explanation)
    except (RecursionError, orjson.JSONEncodeError):
        raise Refusal(f"The flag `{key}` leans on segments that are nested too deeply to be explained.") from None
    except UnknownFlag:
        raise _not_there(key, environment, at) from None
    except Malformed as malformed:
        raise FlagUnusable(f"The flag `{key}` cannot be used: {malformed}") from None
    return explanation


def _not_there(key: str, environment: Environment, at: datetime | None) -> FlagNotFound:
    if at is not None:
        return FlagNotFound(f"There was no flag `{key}` then.")
    gone = deleted_at(key, environment=environment)
    if gone is None:
        return FlagNotFound(f"There is no flag `{key}`.")
    return FlagNotFound(f"The flag `{key}` was deleted at {rfc3339(gone)}; what it was before, `at` tells.")


def impact(environment: Environment, *, flags: Documents | None = None, segments: Documents | None = None) -> Impact:
    """Return what a change would do to those who were seen lately, and to the bucket space.

    Args:
        environment: Where; its row as it is now.
        flags: The flags that would change: the whole new document, None for what would go.
        segments: The segments that would change, likewise.
    """
    before = snapshot_of(environment).engine.to_json()
    people = recent_contexts(environment)
    return impact_of(before, flags=flags, segments=segments, contexts=people, now=clock.epoch())


def _snapshot_at(environment: Environment, moment: datetime, key: str) -> Snapshot:
    """Return the flag, and all that it leans on, as they were at a moment."""
    number = revision_at(moment, environment=environment)
    flags: dict[str, Any] = {}
    segments: dict[str, Any] = {}
    waiting = [(RevisionItem.Kind.FLAG, key)]
    while waiting:
        kind, name = waiting.pop()
        found = flags if kind is RevisionItem.Kind.FLAG else segments
        document = None if name in found else document_at(kind, name, environment=environment, number=number)
        if document is not None:
            found[name] = document
            waiting.extend(names_in(kind, name, document))
    snapshot = Snapshot(clock=clock.epoch)
    snapshot.replace(canonical({"revision": number, "flags": flags, "segments": segments}))
    return snapshot
