"""The steps that somebody asks for, read and checked; and steps as they are shown. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from flagsite.lib.moments import duration_of, duration_text, moment_of, rfc3339
from flagsite.lib.problems import InputError, InvalidInput
from rollouts.models.ramp import MAX_STEPS
from rollouts.schedule import PlannedStep

MAX_DELAY: Final = timedelta(days=366)
"""The longest that one step may come after another."""
MAX_EVALUATIONS: Final = 10**12
"""The most evaluations that a step may wait for."""

_FIELDS: Final = frozenset({"percentage", "at", "after", "min_evaluations", "needs_confirmation"})
EVERYBODY: Final = Decimal(100)
_FINEST: Final = Decimal("0.001")


def read_steps(raw: Any, *, now: datetime | None = None, above: Decimal | None = None) -> tuple[PlannedStep, ...]:
    """Return the steps of a JSON list; each percentage must be above the one before.

    Args:
        raw: `[{"percentage", "at" | "after", "min_evaluations"?, "needs_confirmation"?}, …]`.
        now: what a moment must lie after; None: moments are not looked at.
        above: what the first percentage must be above; None: nothing.

    Raises:
        InvalidInput: naming every place that is wrong.
    """
    if not isinstance(raw, list) or not raw:
        raise InvalidInput.at("steps", "A ramp has a list of steps, at least one.")
    if len(raw) > MAX_STEPS:
        raise InvalidInput.at("steps", f"A ramp has at most {MAX_STEPS} steps, not {len(raw)}.")
    errors: list[InputError] = []
    steps = [_read(entry, f"steps[{place}]", place, errors) for place, entry in enumerate(raw)]
    last, last_at = above, now
    for place, step in enumerate(steps):
        if step is None:
            continue
        if last is not None and step.percentage <= last:
            message = f"Must be above {_plain(last)}: each step lets more people in than the one before."
            errors.append(InputError(f"steps[{place}].percentage", message))
        if step.at is not None and last_at is not None and step.at <= last_at:
            message = "The moment has passed." if last_at == now else "Must be after the moment of an earlier step."
            errors.append(InputError(f"steps[{place}].at", message))
        last, last_at = step.percentage, step.at or last_at
    if errors:
        raise InvalidInput.of(errors)
    return tuple(step for step in steps if step is not None)


def _read(raw: Any, path: str, place: int, errors: list[InputError]) -> PlannedStep | None:
    found = len(errors)
    if not isinstance(raw, dict):
        errors.append(InputError(path, "A step is an object with `percentage` and `after` or `at`."))
        return None
    errors += [InputError(f"{path}.{name}", "Unknown field.") for name in sorted(raw.keys() - _FIELDS)]
    percentage = _percentage(raw.get("percentage"), path, errors)
    at, after = _moment(raw.get("at"), path, errors), _delay(raw.get("after"), path, errors)
    if raw.get("at") is not None and raw.get("after") is not None:
        errors.append(InputError(path, "A step is due `at` a moment or `after` a delay, not both."))
    waits = _evaluations(raw.get("min_evaluations", 0), path, errors)
    confirm = raw.get("needs_confirmation", False)
    if not isinstance(confirm, bool):
        errors.append(InputError(f"{path}.needs_confirmation", "Must be true or false."))
    if place and raw.get("at") is None and raw.get("after") is None and not (waits or confirm):
        errors.append(InputError(path, "Say when it is due: `after` the step before, or `at` a moment."))
    if len(errors) > found:
        return None
    delay = after if at is not None or after is not None else timedelta(0)
    return PlannedStep(percentage, at, delay, waits, bool(confirm))


def _percentage(raw: Any, path: str, errors: list[InputError]) -> Decimal:
    try:
        number = Decimal(str(raw)) if isinstance(raw, int | float) and not isinstance(raw, bool) else Decimal("NaN")
        if 0 <= number <= EVERYBODY and number % _FINEST == 0:
            return number
    except InvalidOperation:
        pass
    errors.append(InputError(f"{path}.percentage", "Must be a number from 0 to 100, in steps of 0.001."))
    return Decimal(0)


def _moment(raw: Any, path: str, errors: list[InputError]) -> datetime | None:
    if raw is None:
        return None
    moment = moment_of(raw) if isinstance(raw, str) else None
    if moment is None:
        errors.append(InputError(f"{path}.at", "Must be a moment with an offset, such as 2027-01-31T09:00:00Z."))
    return moment


def _delay(raw: Any, path: str, errors: list[InputError]) -> timedelta | None:
    if raw is None:
        return None
    delay = duration_of(raw) if isinstance(raw, str) else None
    if delay is None or delay > MAX_DELAY:
        message = f"Must be a duration such as 30m, 1h or 2d, of at most {MAX_DELAY.days} days."
        errors.append(InputError(f"{path}.after", message))
        return None
    return delay


def _evaluations(raw: Any, path: str, errors: list[InputError]) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= MAX_EVALUATIONS:
        return raw
    message = f"Must be a whole number from 0 to {MAX_EVALUATIONS:,}."
    errors.append(InputError(f"{path}.min_evaluations", message))
    return 0


def step_document(step: PlannedStep) -> dict[str, Any]:
    """Return a step as it is asked for and shown, without what it does not need."""
    document: dict[str, Any] = {"percentage": _plain(step.percentage)}
    if step.at is not None:
        document["at"] = rfc3339(step.at)
    else:
        document["after"] = duration_text(step.after or timedelta(0))
    if step.min_evaluations:
        document["min_evaluations"] = step.min_evaluations
    if step.needs_confirmation:
        document["needs_confirmation"] = True
    return document


def _plain(percentage: Decimal) -> int | float:
    whole = int(percentage)
    return whole if whole == percentage else float(percentage)


def percentages(steps: Sequence[PlannedStep]) -> str:
    """Return the percentages as people write them: `1 % → 10 % → 100 %`."""
    return " → ".join(f"{_plain(step.percentage)} %" for step in steps)
