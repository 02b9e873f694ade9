"""Flagsite as a provider for the published OpenFeature SDK (``pip install flagsite-sdk[openfeature]``).

::

    from openfeature import api
    from flagsite_sdk import FlagClient
    from flagsite_sdk.openfeature import FlagsiteProvider

    api.set_provider_and_wait(FlagsiteProvider(FlagClient("http://localhost:8000", api_key="fs_srv_…")))
    context = EvaluationContext("user-123", {"country": "US"})
    api.get_client().get_boolean_value("new-checkout", False, context)

It translates words and decides nothing: OpenFeature's targeting key is our context's ``id``, its reasons are
coarser than ours (ours stand in the flag metadata), its events follow our states.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent, ProviderEventDetails
from openfeature.exception import ErrorCode as Code
from openfeature.exception import ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.flag_evaluation import Reason as Why
from openfeature.provider import AbstractProvider, Metadata
from openfeature.track import TrackingEventDetails

from flagsite_sdk.client import FlagClient
from flagsite_sdk.configuration import Change
from flagsite_sdk.engine.operators.operator import is_finite
from flagsite_sdk.engine.result import OPENFEATURE_REASONS, ErrorCode, Evaluation
from flagsite_sdk.status import State, Status

__all__ = ["FlagsiteProvider"]

Value = TypeVar("Value")
Structure = Sequence[FlagValueType] | Mapping[str, FlagValueType]

_REASONS = {reason: Why(theirs) for reason, theirs in OPENFEATURE_REASONS.items()}
_CODES = {
    ErrorCode.FLAG_NOT_FOUND: Code.FLAG_NOT_FOUND,
    ErrorCode.MALFORMED_FLAG: Code.PARSE_ERROR,
    ErrorCode.INVALID_CONTEXT: Code.INVALID_CONTEXT,
    ErrorCode.TYPE_MISMATCH: Code.TYPE_MISMATCH,
    ErrorCode.NOT_READY: Code.PROVIDER_NOT_READY,
}
_UNTIL_READY_IS_TOLD = 0.5  # seconds
_FRESH = {State.STREAMING, State.POLLING, State.OFFLINE}
_LATE = {State.RECONNECTING, State.UNAUTHORIZED}


class FlagsiteProvider(AbstractProvider):
    """Resolves OpenFeature's flags with a ``FlagClient``, which it takes over: ``shutdown`` closes it.

    Args:
        client: a client; a ``lazy`` one starts when the provider is set.
    """

    def __init__(self, client: FlagClient) -> None:
        super().__init__()
        self._client = client
        self._last: ProviderEvent | None = None
        self._is_initializing = False
        self._leave: list[Callable[[], None]] = []

    def get_metadata(self) -> Metadata:
        """Name the provider."""
        return Metadata(name="Flagsite")

    def initialize(self, evaluation_context: EvaluationContext) -> None:  # noqa: ARG002 - OpenFeature's interface
        """Start the client and wait for its first configuration, for ``start_timeout`` seconds.

        Raises:
            ProviderFatalError: the server refuses the key.
            ProviderNotReadyError: nothing to decide by; a READY event follows when that changes.
        """
        self._client.start()
        self._stop_listening()
        self._last, self._is_initializing = None, True
        self._leave = [self._client.on_status(self._tell_status), self._client.on_change(self._tell_change)]
        self._client.wait_until_ready(self._client.settings.start_timeout)
        self._is_initializing = False
        status = self._client.status()
        if status.ready:
            self._last = ProviderEvent.PROVIDER_READY  # the registry tells it when this returns
            if status.state in _LATE:
                self._tell_later()
            return
        if status.state is State.UNAUTHORIZED:
            raise ProviderFatalError(status.error)
        raise ProviderNotReadyError(status.error or "no configuration yet")

    def shutdown(self) -> None:
        """Close the client."""
        self._stop_listening()
        self._client.close()

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Resolve a boolean flag."""
        return self._resolve(flag_key, default_value, evaluation_context, _is_boolean)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Resolve a string flag."""
        return self._resolve(flag_key, default_value, evaluation_context, _is_text)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Resolve a number flag whose value is whole."""
        return self._resolve(flag_key, default_value, evaluation_context, _is_whole, int)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Resolve a number flag."""
        return self._resolve(flag_key, default_value, evaluation_context, _is_float, float)

    def resolve_object_details(
        self, flag_key: str, default_value: Structure, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[Structure]:
        """Resolve a json flag whose value is an object or an array."""
        return self._resolve(flag_key, default_value, evaluation_context, _is_structure)

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Track an event: name, targeting key and value; its attributes stay here."""
        value = tracking_event_details.value if tracking_event_details is not None else None
        self._client.track(tracking_event_name, _context(evaluation_context), value)

    def _resolve(
        self,
        flag_key: str,
        default: Value,
        context: EvaluationContext | None,
        accepts: Callable[[Any], bool],
        convert: Callable[[Any], Value] | None = None,
    ) -> FlagResolutionDetails[Value]:
        found = self._client.evaluate_detail(flag_key, _context(context), default, accepts=accepts)
        if found.error_code is not None:
            code = _CODES.get(found.error_code, Code.GENERAL)
            return FlagResolutionDetails(default, code, found.error, Why.ERROR, flag_metadata=_metadata(found))
        value = found.value if convert is None else convert(found.value)
        why = _REASONS[found.reason]
        return FlagResolutionDetails(value, None, None, why, found.variation, _metadata(found))

    def _tell_later(self) -> None:
        """Tell that what is held is old, once the registry has told that the provider is ready."""
        telling = threading.Timer(_UNTIL_READY_IS_TOLD, lambda: self._tell_status(self._client.status()))
        telling.daemon = True
        telling.start()
        self._leave.append(telling.cancel)

    def _stop_listening(self) -> None:
        for leave in self._leave:
            leave()
        self._leave = []

    def _tell_status(self, status: Status) -> None:
        event = _event(status)
        if self._is_initializing or event is None or event is self._last:
            return  # what comes of ``initialize`` is told by the registry
        self._last = event
        code = Code.GENERAL if event is ProviderEvent.PROVIDER_ERROR else None
        self.emit(event, ProviderEventDetails(message=status.error, error_code=code))

    def _tell_change(self, change: Change) -> None:
        if self._is_initializing:
            return
        flags, metadata = sorted(change.flags), {"revision": change.revision}
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=flags, metadata={**metadata}))


def _event(status: Status) -> ProviderEvent | None:
    if status.state in _FRESH and status.ready:
        return ProviderEvent.PROVIDER_READY
    if status.state in _LATE:
        return ProviderEvent.PROVIDER_STALE if status.ready else ProviderEvent.PROVIDER_ERROR
    return None


def _metadata(found: Evaluation) -> dict[str, bool | int | float | str]:
    metadata: dict[str, bool | int | float | str] = {"reason": str(found.reason), "revision": found.revision}
    return metadata if found.rule is None else {**metadata, "rule": found.rule}


def _context(context: EvaluationContext | None) -> dict[str, Any]:
    if context is None:
        return {"id": ""}
    ours: dict[str, Any] = {"id": "", **{name: _plain(value) for name, value in context.attributes.items()}}
    if context.targeting_key is not None:
        ours["id"] = context.targeting_key
    return ours


def _plain(value: Any) -> Any:
    match value:
        case datetime():  # RFC 3339; without a zone it is taken as UTC
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case Mapping():
            return {name: _plain(inner) for name, inner in value.items()}
        case _:
            return value


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_float(value: Any) -> bool:
    return _is_number(value) and is_finite(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_structure(value: Any) -> bool:
    return isinstance(value, dict | list)
