"""The log line of an evaluation on the server: who got what and why, never a value.

One line for a flag that was asked for by itself (`evaluation`), one for a request for all flags (`evaluations`). The
fields are documented in docs/how-to/ask-what-was-evaluated.md; people's commands depend on them.
"""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import orjson

from accounts.models import Environment
from flags.answers import Answer
from flags.recording.buffer import Noted
from flagsite.lib import ready_lines
from flagsite.lib.moments import rfc3339

_log: Final = logging.getLogger("flagsite.evaluations")
_WHOLE_MOMENT: Final = len('"2026-11-22T10:00:00.000000Z"')


def log_evaluation(environment: Environment, noted: Noted, answer: Answer) -> None:
    """Write the line of one flag."""
    if _log.isEnabledFor(logging.INFO):
        ready_lines.write(_log, "evaluation", _line(answer.line, environment, noted))


def log_evaluations(environment: Environment, noted: Noted, answers: Sequence[Answer]) -> None:
    """Write the line of a request for all flags; each by itself only where each is recorded by itself."""
    if _log.isEnabledFor(logging.INFO):
        revision = answers[0].evaluation.revision if answers else environment.revision
        each = b",".join([answer.line_among_all for answer in noted.answers])
        what = b'"flags":%d,"revision":%d,"evaluations":{%b}' % (len(answers), revision, each)
        ready_lines.write(_log, "evaluations", _line(what, environment, noted))


def _line(what: bytes, environment: Environment, noted: Noted) -> bytes:
    where = _named(environment.project.key, environment.key)
    context_id = orjson.dumps(noted.context_id)
    attributes = orjson.dumps(noted.attributes) if noted.attributes else b"{}"
    time = orjson.dumps(noted.time, option=orjson.OPT_UTC_Z)  # a fifth of what `isoformat` takes
    if len(time) != _WHOLE_MOMENT:  # of a whole second it leaves out the rest, and an offset it keeps
        time = orjson.dumps(rfc3339(noted.time))
    who = context_id, attributes, time, time
    return b'%b,%b,"context_id":%b,"attributes":%b,"time":%b,"timestamp":%b' % (what, where, *who)


@lru_cache(maxsize=1_000)
def _named(project: str, environment: str) -> bytes:
    return orjson.dumps({"project": project, "environment": environment})[1:-1]
