"""What the spans of a trace say of evaluations and changes, in the words of OpenTelemetry's semantic conventions.

An event of a flag's evaluation names the flag, what it served, why, and to whom as far as the project lets ids be kept;
no attribute of the context, and not the value. Decides nothing, and is asked only while tracing is on.
"""

from collections.abc import Iterable, Mapping, Sized
from typing import Any, Final

from flagsite_sdk.engine.result import OPENFEATURE_REASONS, ErrorCode, Evaluation

from accounts.actors import Actor
from accounts.models import Environment
from flags.contexts import stored_id
from flagsite.lib.keys import is_key
from flagsite.lib.tracing import Span

PROVIDER: Final = "Flagsite"
EVALUATION: Final = "feature_flag.evaluation"
_NAMED: Final = 20
"""Flags and segments of one change that its trace names."""
_ERRORS: Final[Mapping[ErrorCode, str]] = {
    ErrorCode.FLAG_NOT_FOUND: "flag_not_found",
    ErrorCode.MALFORMED_FLAG: "parse_error",
    ErrorCode.INVALID_CONTEXT: "invalid_context",
    ErrorCode.TYPE_MISMATCH: "type_mismatch",
    ErrorCode.NOT_READY: "provider_not_ready",
    ErrorCode.GENERAL: "general",
}
"""Our codes in the words of OpenTelemetry's `error.type`."""


def set_id(environment: Environment) -> str:
    """Return how traces call an environment, which is what OpenTelemetry calls a flag set."""
    return f"{environment.project.key}/{environment.key}"


def describe_evaluation(
    span: Span, environment: Environment, context: Mapping[str, Any], key: str, found: Evaluation
) -> None:
    """Add the event of an evaluation; a key that no flag can have is anything a caller sends, and is left out."""
    if not span.is_recording():
        return
    project = environment.project
    context_id = stored_id(context["id"], salt=project.context_salt, hashed=project.hash_context_ids)
    said = {
        "feature_flag.key": key if is_key(key) else None,
        "feature_flag.provider.name": PROVIDER,
        "feature_flag.set.id": set_id(environment),
        "feature_flag.version": str(found.revision),
        "feature_flag.context.id": context_id or None,
        "feature_flag.result.variant": found.variation,
        "feature_flag.result.reason": OPENFEATURE_REASONS[found.reason].lower(),
        "flagsite.reason": found.reason.value,
        "flagsite.rule": found.rule,
        "error.type": None if found.error_code is None else _ERRORS[found.error_code],
    }
    span.add_event(EVALUATION, {name: value for name, value in said.items() if value is not None})


def describe_evaluations(span: Span, environment: Environment, found: Sized) -> None:
    """Say that all flags were decided: not each, because which of them the caller uses is not known here."""
    if span.is_recording():
        span.set_attribute("feature_flag.provider.name", PROVIDER)
        span.set_attribute("feature_flag.set.id", set_id(environment))
        span.set_attribute("flagsite.evaluations", len(found))


def describe_change(
    span: Span, environments: Iterable[Environment], *, flags: Iterable[str], segments: Iterable[str], by: Actor
) -> None:
    """Say what was published: where, which revisions, what of; by which road, not by whom."""
    if span.is_recording():
        published = list(environments)
        span.set_attribute("flagsite.environments", [set_id(each) for each in published])
        span.set_attribute("flagsite.revisions", [each.revision for each in published])
        span.set_attribute("flagsite.flags", sorted(set(flags))[:_NAMED])
        span.set_attribute("flagsite.segments", sorted(set(segments))[:_NAMED])
        span.set_attribute("flagsite.source", by.source.value)
