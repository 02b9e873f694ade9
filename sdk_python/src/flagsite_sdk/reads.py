"""What a program asks: one way for all goes well, one for the rest.

A read looks the flag's decision up, calls it, counts, and returns: no lock, no I/O, no copy of the
configuration. Whatever goes wrong ends in one slow path that turns it into the caller's default, a count and
a line in the log.
"""

from collections.abc import Callable
from typing import Any, overload

from flagsite_sdk.configuration import Configuration, Context, Table
from flagsite_sdk.counts import ErrorCounts
from flagsite_sdk.engine.result import ErrorCode, Evaluation, Reason
from flagsite_sdk.engine.snapshot import error_code
from flagsite_sdk.quiet_log import LOGGER, QuietLog
from flagsite_sdk.recordings import Recording


class Reads:
    """The questions, for whoever holds a configuration. None raises, waits for I/O or takes a lock."""

    _configuration: Configuration
    _errors: ErrorCounts
    _log: QuietLog
    _table: Table  # the configuration's own, or one that wakes the client up with its first use

    def is_enabled(self, flag_key: str, context: Context) -> bool:
        """Return whether a boolean flag is on; False when anything is wrong."""
        try:
            outcome = self._table[flag_key](context)
            value = outcome.value
            if value is True or value is False:
                next(outcome.counter)
                return value
        except Exception as problem:  # noqa: BLE001 - a read never raises
            return self._failed(flag_key, context, problem, False).value is True
        self._note(flag_key, context, ErrorCode.TYPE_MISMATCH)
        return False

    def evaluate(self, flag_key: str, context: Context, default: Any = None) -> Any:
        """Return the value of the variation that a context gets; the default when anything is wrong."""
        try:
            outcome = self._table[flag_key](context)
            next(outcome.counter)
            return outcome.value  # noqa: TRY300 - inside: reading a json value makes a copy
        except Exception as problem:  # noqa: BLE001 - a read never raises
            return self._failed(flag_key, context, problem, default).value

    @overload
    def get_variation(self, flag_key: str, context: Context, default: str) -> str: ...

    @overload
    def get_variation(self, flag_key: str, context: Context, default: str | None = None) -> str | None: ...

    def get_variation(self, flag_key: str, context: Context, default: str | None = None) -> str | None:
        """Return the key of the variation that a context gets; the default when anything is wrong."""
        try:
            outcome = self._table[flag_key](context)
            next(outcome.counter)
            return outcome.variation  # noqa: TRY300 - as above
        except Exception as problem:  # noqa: BLE001 - a read never raises
            return self._failed(flag_key, context, problem, None).variation or default

    def evaluate_detail(
        self,
        flag_key: str,
        context: Context,
        default: Any = None,
        *,
        accepts: Callable[[Any], bool] | None = None,
    ) -> Evaluation:
        """Return value, variation, reason, rule, revision, and what went wrong if anything did.

        When something did, the value is the default, the reason ``ERROR``, and ``error_code`` one of
        ``NOT_READY``, ``FLAG_NOT_FOUND``, ``MALFORMED_FLAG``, ``INVALID_CONTEXT``, ``TYPE_MISMATCH``,
        ``GENERAL``.

        Args:
            flag_key: which flag.
            context: who is asking: a mapping with a text ``id``.
            default: the value when something is wrong.
            accepts: whether a value is of the wanted type; one that is not is a ``TYPE_MISMATCH``.
        """
        try:
            held = self._configuration.snapshot
            outcome, revision = held.consistently(lambda: (self._table[flag_key](context), held.revision))
            value = outcome.value
            if accepts is None or accepts(value):
                next(outcome.counter)
                return Evaluation(value, outcome.variation, outcome.reason, outcome.rule, revision)
        except Exception as problem:  # noqa: BLE001 - a read never raises
            return self._failed(flag_key, context, problem, default)
        error = f"The flag's value is of another type: {type(value).__name__}."
        return self._error(flag_key, context, default, ErrorCode.TYPE_MISMATCH, error)

    def evaluate_all(self, context: Context) -> dict[str, Evaluation]:
        """Return what every flag gives a context, all of one revision; empty when not ready.

        Each flag is counted: whoever asks for all of them uses all of them. None is recorded one by one.
        """
        try:
            self._wake()
            return self._configuration.serve_all(context, self._errors.add)
        except Exception:  # noqa: BLE001 - a read never raises
            LOGGER.exception("The flags could not be evaluated together")
            return {}

    def _wake(self) -> None:
        """Start what has to run beside the reads, if it does not."""

    def _failed(self, flag_key: str, context: Context, problem: Exception, default: Any) -> Evaluation:
        if self._configuration.is_held:
            return self._error(flag_key, context, default, error_code(problem), str(problem))
        return self._error(flag_key, context, default, ErrorCode.NOT_READY, "No configuration is held yet.")

    def _error(self, flag_key: str, context: Context, default: Any, code: ErrorCode, error: str | None) -> Evaluation:
        self._note(flag_key, context, code)
        revision = self._configuration.revision
        return Evaluation(default, None, Reason.ERROR, None, revision, error_code=code, error=error)

    def _note(self, flag_key: str, context: Context, code: ErrorCode) -> None:
        try:
            self._errors.add(flag_key, code)
            table = self._table
            if isinstance(table, Recording):
                table.note_error(flag_key, context, code)
            self._log.warn((flag_key, code), "Flag %r: %s; the default is served", flag_key, code)
        except Exception:  # noqa: BLE001, S110 - a key that cannot be hashed, a logging handler that raises
            pass
