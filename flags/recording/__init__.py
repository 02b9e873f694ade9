"""Records what the server decides, for whom and why: as a log line at once, and on the side in the database.

An evaluation leaves what is kept of it in a buffer, from which a thread writes records, counts by the minute and who
was seen lately; the same thread writes which SDKs poll. Entry points that serve requests call `start_writing`;
everywhere else (commands, tests) nothing is written until `flush` is called. It never decides what an evaluation is,
and knows nothing of HTTP.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from django.conf import settings

from accounts.models import Environment
from flags.answers import Answer
from flags.contexts import is_kept, kept_of, stored_id
from flags.limits import MAX_RECORDED_AT_ONCE
from flags.recording.buffer import Drop, Noted
from flags.recording.lines import log_evaluation, log_evaluations
from flags.recording.recorder import Recorder
from flags.usage.introductions import sdk_named
from flagsite.lib import clock, ready_lines
from flagsite.lib.keys import is_key

__all__ = [
    "Drop",
    "dropped",
    "flush",
    "note_all",
    "note_one",
    "note_poll",
    "start_anew",
    "start_writing",
    "stop_writing",
]

_recorder = Recorder()


def note_one(environment: Environment, context: Mapping[str, Any], answer: Answer) -> None:
    """Record that a flag was decided by itself; a key that no flag can have is passed over, nobody is only counted."""
    if answer.evaluation.error_code is not None and not is_key(answer.key):
        return
    if not _is_somebody(context):
        _recorder.note(_of_nobody(environment), (answer.tally,))
        return
    is_recorded = settings.RECORD_EVALUATIONS
    noted = _noted(environment, context, (answer,) if is_recorded else ())
    _recorder.note(noted, (answer.tally,))
    if is_recorded:
        log_evaluation(environment, noted, answer)


def note_all(environment: Environment, context: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    """Record that all flags were decided at once: one by one as long as they are not too many, else only counted."""
    if not _is_somebody(context):
        _recorder.note(_of_nobody(environment), [answer.tally for answer in answers])
        return
    is_recorded = settings.RECORD_EVALUATIONS and len(answers) <= MAX_RECORDED_AT_ONCE
    noted = _noted(environment, context, answers if is_recorded else ())
    _recorder.note(noted, [answer.tally for answer in answers])
    if settings.RECORD_EVALUATIONS:
        log_evaluations(environment, noted, answers)
        if not is_recorded:
            _recorder.buffer.drop(Drop.TOO_MANY_AT_ONCE, len(answers))


def note_poll(environment: Environment, *, user_agent: str, instance: str, revision: int) -> None:
    """Note that an SDK has asked for the configuration, and holds this revision of it now."""
    sdk = sdk_named(user_agent=user_agent, instance=instance, revision=revision)
    if sdk is not None:
        _recorder.note_poll(environment.pk, sdk)


def _is_somebody(context: Any) -> bool:
    """Tell whether there is an id: without one the engine refuses the context, and there is nobody to record."""
    return isinstance(context, Mapping) and isinstance(context.get("id"), str)


def _of_nobody(environment: Environment) -> Noted:
    return Noted(environment.pk, "", False, {}, 0, clock.now(), ())


def _noted(environment: Environment, context: Mapping[str, Any], answers: Sequence[Answer]) -> Noted:
    project, context_id = environment.project, context["id"]
    is_plain = is_kept(context_id) and not project.hash_context_ids
    attributes = kept_of(context, project.recorded_attributes) if project.recorded_attributes else {}
    return Noted(
        environment.pk,
        context_id if is_plain else stored_id(context_id, salt=project.context_salt, hashed=project.hash_context_ids),
        is_plain,
        attributes,
        len(orjson.dumps(attributes)) if attributes else 0,
        clock.now(),
        answers,
    )


def start_writing() -> None:
    """Let this process write what it notes, in a thread of its own that the first note starts."""
    _recorder.writes = True
    ready_lines.gather()


def stop_writing() -> None:
    """Write what is waiting, and end the thread: the process is about to stop."""
    _recorder.stop()


def flush() -> None:
    """Write what is waiting now."""
    _recorder.flush()
    _recorder.pollers.write()


def dropped() -> dict[Drop, int]:
    """Return how many evaluations this process has not recorded, by the reason."""
    return dict(_recorder.buffer.dropped)


def start_anew() -> None:
    """Forget what is waiting: for the child of a fork, which has no thread and whose parent writes; and for tests."""
    global _recorder  # noqa: PLW0603 - it belongs to the process
    _recorder = Recorder(writes=_recorder.writes)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=start_anew)
