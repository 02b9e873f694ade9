"""An environment's configuration in memory: replaced or changed by deltas, decided without a lock.

Flags and segments are kept as slices of the JSON they came in, and read and compiled when they are first
asked for. A compiled flag holds its segments and its prerequisites' decisions, so it is all of one revision by
itself; a change drops it when it or anything it leans on has changed. Where documents come from, and what
a caller does when a flag cannot be decided, is not known here.

**Threads.** Applying and compiling hold one lock. Deciding takes none: it is a look-up and a call. Questions
about several flags, or about a decision *and* its revision, read `_generation` before and after (a seqlock):
it is odd while a change is being applied, so equal even numbers say that nothing changed in between. After a
few tries they take the lock.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from threading import RLock
from typing import Any, NamedTuple, TypeVar

import msgspec

from flagsite_sdk.engine.compile import Decide
from flagsite_sdk.engine.counting import Count, Counters
from flagsite_sdk.engine.definitions import Definitions
from flagsite_sdk.engine.errors import Gap, InvalidContext, Malformed, Problem, UnknownFlag
from flagsite_sdk.engine.explain import explain
from flagsite_sdk.engine.linking import Linker
from flagsite_sdk.engine.result import ErrorCode, Evaluation, Outcome, Reason

TRIES = 4
"""How often a reader looks again before it takes the lock."""

_T = TypeVar("_T")


class _SnapshotDocument(msgspec.Struct):
    revision: int
    flags: dict[str, msgspec.Raw]
    segments: dict[str, msgspec.Raw] = {}


class _DeltaDocument(msgspec.Struct):
    since: int
    revision: int
    flags: dict[str, msgspec.Raw] = {}
    segments: dict[str, msgspec.Raw] = {}


class Changed(NamedTuple):
    """The keys of the flags and segments that changed, came or went."""

    flags: frozenset[str]
    segments: frozenset[str]


class _Table(dict[str, Decide]):
    """The compiled flags by key; a flag that is not there yet is compiled when it is asked for."""

    def __init__(self, compile_missing: Callable[[str], Decide]) -> None:
        super().__init__()
        self._compile_missing = compile_missing

    def __missing__(self, key: str) -> Decide:
        return self._compile_missing(key)


class Snapshot:
    """An environment's configuration at a revision.

    Attributes:
        revision: The revision held, 0 when none is.
        table: `table[key](context)` gives the outcome; raises UnknownFlag, Malformed or InvalidContext.
            Who serves the outcome to a caller counts it: `next(outcome.counter)`.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """Hold nothing yet.

        Args:
            clock: The time in seconds since 1970; asked only by flags with a time-relative condition.
        """
        self._lock = RLock()
        self._generation = 0
        self._clock = clock
        self._counters = Counters(self._lock)
        self._linker = Linker(self._counters, clock)
        self._table = _Table(self._compile)
        self.table: Mapping[str, Decide] = self._table
        self.revision = 0

    def replace(self, document: bytes) -> Changed:
        """Hold a whole snapshot instead of what was held; what is the same in both stays compiled.

        Returns:
            What is not the same in both.

        Raises:
            Malformed: It is not a snapshot, and nothing has changed. A malformed flag or segment in it is no
                reason: it spoils only the flags that lean on it.
        """
        found = _decode(document, _SnapshotDocument)
        definitions = Definitions(found.flags, found.segments)
        with self._lock:
            changed = definitions.difference(self._linker.definitions)
            self._generation += 1
            outdated = self._drop(self._linker.relink(definitions, *changed))
            self.revision = found.revision
            self._generation += 1
        _let_go(outdated)
        return Changed(*map(frozenset, changed))

    def apply(self, document: bytes) -> bool:
        """Bring what is held to the delta's revision.

        Returns:
            Whether anything was done; not when that revision, or a later one, is held already.

        Raises:
            Gap: The delta starts after the revision that is held.
            Malformed: It is not a delta, and nothing has changed.
        """
        found = _decode(document, _DeltaDocument)
        with self._lock:
            if found.since > self.revision:
                raise Gap(revision=self.revision, since=found.since)
            if found.revision <= self.revision:
                return False
            definitions = self._linker.definitions
            self._generation += 1
            definitions.update(found.flags, found.segments)
            outdated = self._drop(self._linker.relink(definitions, found.flags, found.segments))
            self.revision = found.revision
            self._generation += 1
        _let_go(outdated)
        return True

    def _drop(self, keys: set[str]) -> list[Decide]:
        return [self._table.pop(key) for key in keys & self._table.keys()]

    def _compile(self, key: str) -> Decide:
        with self._lock:
            return self._linker.link(key, self._table)

    def detail(self, key: str, context: Any) -> Evaluation:
        """Decide a flag, with the revision that decided, and count it. Never raises."""
        evaluation = self.consistently(lambda: self._evaluation(key, context))
        self.count(key, evaluation)
        return evaluation

    def count(self, key: str, evaluation: Evaluation) -> None:
        """Count what was decided without being counted."""
        self._counters.tick(key, evaluation.variation, evaluation.reason)

    def evaluate_all(self, context: Any) -> dict[str, Evaluation]:
        """Decide every flag at one revision and one moment. Counts nothing, never raises."""
        return self.consistently(lambda: self._all(context, []))

    def serve_all(self, context: Any, failed: Callable[[str, ErrorCode], object]) -> dict[str, Evaluation]:
        """Decide every flag likewise, and count: a variation here, once however often it was looked at.

        Args:
            context: who is asking.
            failed: told of each flag that gave an error, and of which.
        """
        ticking: list[Iterator[int]] = []
        found = self.consistently(lambda: self._all(context, ticking))
        deque(map(next, ticking), maxlen=0)  # drains it without a step of the interpreter for each
        if len(ticking) < len(found):
            for key, evaluation in found.items():
                if evaluation.error_code is not None:
                    failed(key, evaluation.error_code)
        return found

    def outcome(self, key: str, context: Any) -> tuple[int, Outcome | Evaluation]:
        """Decide a flag: the revision that decided, and the way in which the compiled flag ended, or its error.

        An outcome is the same object each time until the flag changes, so that what is made of it can be kept. Its
        value is not to be changed. Counts nothing, never raises.
        """
        return self.consistently(lambda: (self.revision, self._outcome(key, context)))

    def outcomes(self, context: Any) -> tuple[int, list[tuple[str, Outcome | Evaluation]]]:
        """Decide every flag, likewise: at one revision and one moment."""
        return self.consistently(lambda: self._outcomes(context))

    def _outcomes(self, context: Any) -> tuple[int, list[tuple[str, Outcome | Evaluation]]]:
        now, revision, table = self._clock(), self.revision, self._table
        found: list[tuple[str, Outcome | Evaluation]] = []
        for key in self.keys():
            try:
                found.append((key, table[key](context, now)))
            except Exception as error:  # noqa: BLE001  # one flag must not spoil the others
                found.append((key, _error(error, revision)))
        return revision, found

    def _outcome(self, key: str, context: Any) -> Outcome | Evaluation:
        try:
            return self._table[key](context)
        except Exception as error:  # noqa: BLE001  # a flag must never break its caller
            return _error(error, self.revision)

    def explain(self, key: str, context: Any, *, now: float) -> dict[str, Any]:
        """How a flag decides for a context, step by step, as JSON. Counts nothing.

        Raises:
            UnknownFlag: There is no flag of that key.
            Malformed: The flag cannot be used.
            InvalidContext: The context has no text `id`.
        """
        with self._lock:
            definitions = self._linker.definitions
            explanation = explain(key, context, flags=definitions.flags(), segments=definitions.segments, now=now)
            return {**explanation, "revision": self.revision}

    def keys(self) -> list[str]:
        """The keys of all flags."""
        return list(self._linker.definitions.raw_flags)  # one step of the interpreter, so it needs no lock

    def to_json(self) -> bytes:
        """The snapshot as a document that `replace` takes."""
        with self._lock:
            definitions = self._linker.definitions
            return msgspec.json.encode(
                {
                    "revision": self.revision,
                    "flags": definitions.raw_flags,
                    "segments": definitions.raw_segments,
                }
            )

    def take_counts(self) -> list[Count]:
        """What was counted since the last call, exactly."""
        return self._counters.take()

    def consistently(self, read: Callable[[], _T]) -> _T:
        """What `read` finds while nothing changes, so that all it looks at is of one revision.

        It is called without the lock, and again when something changed meanwhile; after a few tries with it.
        """
        for _ in range(TRIES):
            generation = self._generation
            if generation % 2 == 0:
                found = read()
                if generation == self._generation:
                    return found
        with self._lock:
            return read()

    def _all(self, context: Any, ticking: list[Iterator[int]]) -> dict[str, Evaluation]:
        """Decide every flag; `ticking` is filled anew with the counters of what is to be served."""
        now, revision, table = self._clock(), self.revision, self._table
        found = {}
        ticking.clear()
        for key in self.keys():
            try:
                outcome = table[key](context, now)
                found[key] = Evaluation(outcome.value, outcome.variation, outcome.reason, outcome.rule, revision)
                ticking.append(outcome.counter)
            except Exception as error:  # noqa: BLE001  # one flag must not spoil the others
                found[key] = _error(error, revision)
        return found

    def _evaluation(self, key: str, context: Any) -> Evaluation:
        revision = self.revision
        try:
            outcome = self._table[key](context)
            return Evaluation(outcome.value, outcome.variation, outcome.reason, outcome.rule, revision)
        except Exception as error:  # noqa: BLE001  # a flag must never break its caller
            return _error(error, revision)


def _let_go(outdated: list[Decide]) -> None:
    """Free decisions one by one, and not under the lock: readers may come in between."""
    while outdated:
        outdated.pop()


def _error(error: Exception, revision: int) -> Evaluation:
    return Evaluation(None, None, Reason.ERROR, None, revision, error_code(error), str(error))


def error_code(error: Exception) -> ErrorCode:
    """The code for what a decision raised."""
    match error:
        case UnknownFlag():
            return ErrorCode.FLAG_NOT_FOUND
        case Malformed():
            return ErrorCode.MALFORMED_FLAG
        case InvalidContext():
            return ErrorCode.INVALID_CONTEXT
        case _:
            return ErrorCode.GENERAL


def _decode(document: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed([Problem("", f"Is not readable: {error}.")]) from None
