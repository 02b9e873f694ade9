"""What a ramp would do, while it is being written: each step as a date, how long it takes, what happens at once."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flagsite.lib.problems import InputError, InvalidInput
from rollouts.admin.summary import moment, waits_in_words
from rollouts.guardrails.document import limit_errors, read_guardrails
from rollouts.schedule import PlannedStep
from rollouts.steps import read_steps
from rollouts.wording import duration_in_words, percent


@dataclass(frozen=True)
class Stop:
    """A step of the schedule: to which percentage, when at the earliest, and what it waits for besides."""

    percentage: str
    share: float
    when: str
    waits: str


@dataclass(frozen=True)
class Preview:
    """What would happen; `loud` when the first step takes the flag away from people."""

    first: str
    loud: bool
    stops: tuple[Stop, ...]
    length: str
    guardrails: tuple[str, ...]
    """The sentence of each guardrail; empty while it is not whole."""
    problems: tuple[InputError, ...]

    @property
    def document(self) -> dict[str, Any]:
        """Return it for the page's scripts."""
        return asdict(self)


def preview_of(
    steps: Any,
    guardrails: Any,
    *,
    now: datetime,
    present: Decimal,
    above: Decimal | None = None,
    since: datetime | None = None,
) -> Preview:
    """Return what steps and guardrails, as they are sent, would do.

    Args:
        steps: as the REST API takes them.
        guardrails: likewise.
        now: the present moment.
        present: whom the rule lets in now, 0 to 100.
        above: what the first percentage must be above; None: nothing.
        since: when the step before the first of these was taken; None: the ramp has not begun.
    """
    problems: list[InputError] = []
    plan: Sequence[PlannedStep] = ()
    try:
        plan = read_steps(steps, above=above)
    except InvalidInput as refusal:
        problems += refusal.errors
    try:
        problems += limit_errors(read_guardrails(guardrails))
    except InvalidInput as refusal:
        problems += refusal.errors
    stops, last = [], since or now
    for step in plan:
        last = max(last, step.due_at(last))
        when = "at once" if last <= now else moment(last)
        stops.append(Stop(percent(step.percentage), float(step.percentage), when, waits_in_words(step)))
    first, loud = _first(plan[0], now, present) if plan and since is None else ("", False)
    least = "at least " if any(step.holds for step in plan) else ""
    length = f"{least}{duration_in_words(max(last - now, timedelta(0)))}" if plan else ""
    return Preview(first, loud, tuple(stops), length, tuple(_sentences(guardrails)), tuple(problems))


def _first(step: PlannedStep, now: datetime, present: Decimal) -> tuple[str, bool]:
    to, when = percent(step.percentage), "At once" if step.due_at(now) <= now and not step.holds else "With step 1"
    if step.percentage < present:
        gone = percent(present - step.percentage)
        return f"{when} it lowers the percentage from {percent(present)} to {to}: {gone} of users lose it.", True
    if step.percentage == present:
        return f"{when} nothing changes: the percentage is {to} already.", False
    return f"{when} it raises the percentage from {percent(present)} to {to}. Nobody loses anything.", False


def _sentences(guardrails: Any) -> Iterator[str]:
    for raw in guardrails if isinstance(guardrails, list) else ():
        try:
            (watch,) = read_guardrails([raw])
        except InvalidInput:
            yield ""
        else:
            yield str(watch)
