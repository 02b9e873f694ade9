"""Flags for tests: no server, no threads, no waiting.

A ``StaticClient`` is a ``FlagClient`` with flags made up on the spot; ``override`` changes some flags of any
client for a while. Both decide with the engine, so a test meets the same rules, errors and types as
production.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from flagsite_sdk.client import FlagClient
from flagsite_sdk.engine.errors import Malformed
from flagsite_sdk.engine.snapshot import Snapshot
from flagsite_sdk.errors import InvalidSettings
from flagsite_sdk.events import problem_with
from flagsite_sdk.status import Source

__all__ = ["StaticClient", "Tracked", "flag_document", "override"]

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Tracked:
    """An event that a test's program tracked."""

    name: str
    context_id: str
    value: float | None


def flag_document(value: Any, *, variation: str | None = None) -> dict[str, Any]:
    """Return the definition of a flag that gives everybody one value.

    Args:
        value: True or False make a boolean flag, text a string flag, a number a number flag, anything else
            json.
        variation: the key of its variation; ``on`` or ``off`` for a boolean, else ``value``.
    """
    match value:
        case bool():
            kind, key = "boolean", variation or ("on" if value else "off")
            others = [{"key": "off" if value else "on", "value": not value}]
        case str():
            kind, key, others = "string", variation or "value", []
        case int() | float():
            kind, key, others = "number", variation or "value", []
        case _:
            kind, key, others = "json", variation or "value", []
    return {
        "type": kind,
        "enabled": True,
        "hash": "xxh3",
        "salt": "static",
        "variations": [{"key": key, "value": value}, *(other for other in others if other["key"] != key)],
        "off_variation": key,
        "fallthrough": {"variation": key},
    }


class StaticClient(FlagClient):
    """A client whose flags are what a test says; nothing is started, and what is tracked is kept in ``tracked``.

    Args:
        values: what everybody gets: ``{"new-checkout": True, "banner-text": "Hello"}``.
        documents: whole definitions of flags, with rules, as the server sends them.
        segments: definitions of the segments that they use.

    Raises:
        InvalidSettings: a value that no flag can have, or a document that is not a flag.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | None = None,
        *,
        documents: Mapping[str, Any] | None = None,
        segments: Mapping[str, Any] | None = None,
    ) -> None:
        self.tracked: list[Tracked] = []
        flags = {key: flag_document(value) for key, value in (values or {}).items()}
        bootstrap = {"revision": 1, "flags": {**flags, **(documents or {})}, "segments": segments or {}}
        _check(_encoded(bootstrap))
        super().__init__("http://static.invalid", offline=True, bootstrap=bootstrap)

    def set(self, flag_key: str, value: Any, *, variation: str | None = None) -> None:
        """Give a flag another value, or make it; listeners are told."""
        self._publish({flag_key: flag_document(value, variation=variation)})

    def remove(self, flag_key: str) -> None:
        """Take a flag away; listeners are told."""
        self._publish({flag_key: None})

    def _take_event(self, name: str, context_id: Any, value: float | None) -> str | None:
        problem = problem_with(name, context_id, value)
        if problem is None:
            self.tracked.append(Tracked(name, context_id, value))
        return problem

    def _publish(self, flags: Mapping[str, Any]) -> None:
        revision = self._configuration.revision
        delta = {"since": revision, "revision": revision + 1, "flags": flags, "segments": {}}
        made = {key: document for key, document in flags.items() if document is not None}
        _check(_encoded({"revision": 1, "flags": made, "segments": {}}))
        change = self._configuration.apply(_encoded(delta), source=Source.BOOTSTRAP)
        self._board.hold(revision=change.revision, source=Source.BOOTSTRAP)
        self._change_listeners.tell(change)


class override:  # noqa: N801 - it is read as a verb
    """Let a client give everybody one value of a flag while the block runs (or the decorated function or coroutine).

    Every thread sees it. Nothing is counted for the flag. Flags that have it as a prerequisite go on by its
    real definition.

    Raises:
        InvalidSettings: a value that no flag can have.
    """

    def __init__(self, client: FlagClient, flag_key: str, value: Any, *, variation: str | None = None) -> None:
        flags = {flag_key: flag_document(value, variation=variation)}
        self._document = _encoded({"revision": 1, "flags": flags, "segments": {}})
        self._client = client
        self._ending: list[Callable[[], None]] = []
        _check(self._document)

    def __enter__(self) -> None:
        self._ending.append(self._client._lay_over(_check(self._document)))  # noqa: SLF001 - the client's own module

    def __exit__(self, *ending: object) -> None:
        self._ending.pop()()

    def __call__(self, function: Function) -> Function:
        """Decorate a function, or a coroutine function.

        Raises:
            TypeError: it is a generator, which would begin when the override has ended.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__qualname__} yields: write `with override(…):` around its `yield`")

        @functools.wraps(function)
        def within(*arguments: Any, **options: Any) -> Any:
            with self:
                return function(*arguments, **options)

        @functools.wraps(function)
        async def awaited_within(*arguments: Any, **options: Any) -> Any:
            with self:
                return await function(*arguments, **options)

        return awaited_within if inspect.iscoroutinefunction(function) else within  # type: ignore[return-value]  # it is


def _encoded(document: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(document)
    except (TypeError, ValueError, RecursionError) as problem:
        raise InvalidSettings(f"not a value of a flag: {problem}") from None


def _check(document: bytes) -> Snapshot:
    """Look at every flag now, so that a mistake in a test is met where it was made."""
    snapshot = Snapshot(clock=lambda: 0.0)
    try:
        snapshot.replace(document)
    except Malformed as problem:
        raise InvalidSettings(f"not flags: {problem}") from None
    for key, evaluation in snapshot.evaluate_all({"id": "anybody"}).items():
        if evaluation.error_code is not None:
            raise InvalidSettings(f"{key!r} is not a flag: {evaluation.error}")
    return snapshot
