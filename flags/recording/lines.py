"""The log line of an evaluation on the server: who got what and why, never a value.

One line for a flag that was asked for by itself (`evaluation`), one for a request for all flags (`evaluations`). The
fields are documented in docs/how-to/ask-what-was-evaluated.md; people's commands depend on them.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

from accounts.models import Environment
from flags.answers import Answer
from flags.recording.buffer import Noted
from flagsite.lib import ready_lines
from flagsite.lib.moments import rfc3339

_log: Final = logging.getLogger("flagsite.evaluations")


def log_evaluation(environment: Environment, noted: Noted, answer: Answer) -> None:
    """Write the line of one flag."""
    facts = {"flag": answer.key, **_who(environment, noted), "revision": answer.evaluation.revision}
    ready_lines.write(_log, "evaluation", facts, answer.line)


def log_evaluations(environment: Environment, noted: Noted, answers: Sequence[Answer]) -> None:
    """Write the line of a request for all flags; each by itself only where each is recorded by itself."""
    revision = answers[0].evaluation.revision if answers else environment.revision
    facts = {"flags": len(answers), **_who(environment, noted), "revision": revision}
    ready_lines.write(_log, "evaluations", facts, _each(noted.answers))


def _each(answers: Sequence[Answer]) -> bytes:
    return b'"evaluations":{' + b",".join([answer.line_among_all for answer in answers]) + b"}"


def _who(environment: Environment, noted: Noted) -> dict[str, Any]:
    time = rfc3339(noted.time)
    return {
        "project": environment.project.key,
        "environment": environment.key,
        "context_id": noted.context_id,
        "attributes": noted.attributes,
        "time": time,
        "timestamp": time,
    }
