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


def log_evaluation(environment: Environment, noted: Noted, answer: Answer) -> None:
    """Write the line of one flag."""
    if _log.isEnabledFor(logging.INFO):
        revision = b'"revision":%d' % answer.evaluation.revision
        flag = b'"flag":%b' % answer.name
        ready_lines.write(_log, "evaluation", flag, _where(environment), _who(noted), revision, answer.line)


def log_evaluations(environment: Environment, noted: Noted, answers: Sequence[Answer]) -> None:
    """Write the line of a request for all flags; each by itself only where each is recorded by itself."""
    if _log.isEnabledFor(logging.INFO):
        revision = answers[0].evaluation.revision if answers else environment.revision
        numbers = b'"flags":%d,"revision":%d' % (len(answers), revision)
        each = b'"evaluations":{%b}' % b",".join([answer.line_among_all for answer in noted.answers])
        ready_lines.write(_log, "evaluations", numbers, _where(environment), _who(noted), each)


def _where(environment: Environment) -> bytes:
    return _named(environment.project.key, environment.key)


@lru_cache(maxsize=1_000)
def _named(project: str, environment: str) -> bytes:
    return orjson.dumps({"project": project, "environment": environment})[1:-1]


def _who(noted: Noted) -> bytes:
    time = rfc3339(noted.time)
    who = {"context_id": noted.context_id, "attributes": noted.attributes, "time": time, "timestamp": time}
    return orjson.dumps(who)[1:-1]
