"""The log line of an evaluation on the server: who got what and why, never a value.

One line for a flag that was asked for by itself (`evaluation`), one for a request for all flags (`evaluations`). The
fields are documented in docs/how-to/ask-what-was-evaluated.md; people's commands depend on them.
"""

from collections.abc import Mapping
from typing import Any, Final

import structlog

from accounts.models import Environment
from flags.recording.buffer import Decided, Noted
from flagsite.lib.moments import rfc3339

_log: Final = structlog.get_logger("flagsite.evaluations")


def log_evaluation(environment: Environment, noted: Noted, key: str, decided: Decided) -> None:
    """Write the line of one flag."""
    _log.info("evaluation", flag=key, **_who(environment, noted), **_what(decided), revision=decided.revision)


def log_evaluations(environment: Environment, noted: Noted, number: int) -> None:
    """Write the line of a request for all flags; each by itself only where each is recorded by itself."""
    each = {key: _what(decided) for key, decided in noted.decisions.items()}
    revision = next((decided.revision for decided in noted.decisions.values()), environment.revision)
    _log.info("evaluations", flags=number, **_who(environment, noted), evaluations=each, revision=revision)


def _who(environment: Environment, noted: Noted) -> dict[str, Any]:
    return {
        "project": environment.project.key,
        "environment": environment.key,
        "context_id": noted.context_id,
        "attributes": noted.attributes,
        "time": rfc3339(noted.time),
    }


def _what(decided: Decided) -> Mapping[str, str]:
    what = {"variation": decided.variation, "reason": decided.reason, "rule": decided.rule}
    return what | {"error_code": decided.error_code} if decided.error_code else what
