"""Evaluations as REST bodies."""

from collections.abc import Mapping
from typing import Any

from flagsite_sdk.engine.result import ErrorCode, Evaluation

from accounts.models import Environment
from flags.errors import FlagNotFound, FlagUnusable
from flagsite.lib.problems import InvalidInput


def answer_of_one(key: str, evaluation: Evaluation) -> dict[str, Any]:
    """Return an evaluation as a body.

    Raises:
        FlagNotFound: when there is no such flag.
        InvalidInput: when the context cannot be used.
        FlagUnusable: when the flag's definition cannot be used.
    """
    match evaluation.error_code:
        case None:
            return {"flag_key": key, **_body(evaluation), "revision": evaluation.revision}
        case ErrorCode.FLAG_NOT_FOUND:
            raise FlagNotFound(f"There is no flag `{key}`.")
        case ErrorCode.INVALID_CONTEXT:
            raise InvalidInput.at("context", evaluation.error or "The context cannot be used.")
        case _:
            raise FlagUnusable(f"The flag `{key}` cannot be used: {evaluation.error}")


def answer_of_all(evaluations: Mapping[str, Evaluation], environment: Environment) -> dict[str, Any]:
    """Return all flags' evaluations as a body; a flag that cannot be used says so in its place."""
    revision = next((found.revision for found in evaluations.values()), environment.revision)
    return {"flags": {key: _body(found) for key, found in evaluations.items()}, "revision": revision}


def _body(evaluation: Evaluation) -> dict[str, Any]:
    body = {"value": evaluation.value, "variation": evaluation.variation, "reason": evaluation.reason.value}
    if evaluation.rule is not None:
        body["rule"] = evaluation.rule
    if evaluation.error_code is not None:
        body |= {"error_code": evaluation.error_code.value, "error": evaluation.error}
    return body
