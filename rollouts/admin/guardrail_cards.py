"""A ramp's guardrails as its page shows them: the sentence, the last verdict, and the looks as a chart and a table."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Window
from django.db.models.functions import Mod, RowNumber

from flagsite.lib import clock
from rollouts.admin import charts
from rollouts.guardrails.document import read_guardrails
from rollouts.guardrails.settling import settles_until
from rollouts.guardrails.stages import Span, spans_of
from rollouts.guardrails.watch import EventMetric, PrometheusMetric, Threshold, Watch, WorseThanOthers
from rollouts.models import Check, Guardrail, Ramp, Verdict

MAX_LOOKS: Final = 120
"""Looks that a chart is drawn of; of more, every so many, the newest among them."""
MAX_ROWS: Final = 20
"""Looks in the table, the newest."""
MOST_RATIO: Final = 64.0
"""Risk ratios are drawn up to this, and down to its inverse; what is beyond is as good as unlimited."""

FAR: Final = 10
"""Evidence that is so many times what an alarm takes is far more; how much tells nobody anything."""


@dataclass(frozen=True)
class Look:
    """A verdict in words, with a colour and a sign of its own: nothing is said by colour alone."""

    words: str
    colour: str
    icon: str


LOOKS: Final = {
    Verdict.HEALTHY: Look("Healthy", "success", "check_circle"),
    Verdict.UNDECIDED: Look("Too early to tell", "", "hourglass_top"),
    Verdict.CROSSED: Look("Crossed", "danger", "error"),
    Verdict.MISMATCHED: Look("The split is wrong", "warning", "balance"),
    Verdict.SILENT: Look("No answer", "warning", "cloud_off"),
}
NOT_YET: Final = Look("Not looked at yet", "", "pending")
SETTLING: Final = Look("Settling", "", "hourglass_top")


@dataclass(frozen=True)
class GuardrailCard:
    """What is shown of one guardrail; no chart and no rows where nothing was found yet."""

    number: int
    sentence: str
    promise: str
    look: Look
    last: Check | None
    evidence: float | None
    """How far the evidence of harm has come of what an alarm takes, in per cent; on a logarithmic scale."""
    evidence_words: str
    chart: str
    options: str
    described: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Check, tuple[str, ...]], ...]


def guardrail_cards(ramp: Ramp) -> list[GuardrailCard]:
    """Return the cards of a ramp's guardrails, in four queries."""
    guardrails = list(ramp.guardrails.all())
    looks, spans = _looks(guardrails), spans_of(ramp) if ramp.is_active else []
    return [_card(guardrail, looks.get(guardrail.pk, []), spans) for guardrail in guardrails]


def _looks(guardrails: Sequence[Guardrail]) -> dict[int, list[Check]]:
    """Return looks at each guardrail, the oldest first, thinned out to what a chart can show."""
    rows = Check.objects.filter(guardrail__in=guardrails).order_by()
    numbers = rows.values_list("guardrail").annotate(Count("pk"))
    most = max((number for _, number in numbers), default=0)
    every = math.ceil(most / MAX_LOOKS) or 1
    place = Window(RowNumber(), partition_by="guardrail", order_by=[F("at").desc(), F("pk").desc()])
    placed = rows.annotate(place=place).annotate(part=Mod(F("place"), every))
    found: dict[int, list[Check]] = {}
    for check in placed.filter(part=1 % every).order_by("at", "pk") if most else ():
        found.setdefault(check.guardrail_id, []).append(check)
    return found


def _card(guardrail: Guardrail, checks: Sequence[Check], spans: Sequence[Span]) -> GuardrailCard:
    (watch,) = read_guardrails([guardrail.document])
    settling = _settling(watch, spans)
    last = checks[-1] if checks else None
    evidence, words = _evidence(last.figures if last else {})
    drawing = _comparison if isinstance(watch.condition, WorseThanOthers) else _threshold
    chart, options, described = drawing(watch, checks) if len(checks) > 1 else ("", "", "")
    columns, cells = _columns(watch)
    newest = list(reversed(checks))[:MAX_ROWS]
    return GuardrailCard(
        number=guardrail.position + 1,
        sentence=str(watch),
        promise=settling or _promise(watch),
        look=SETTLING if settling else LOOKS[Verdict(last.verdict)] if last else NOT_YET,
        last=last,
        evidence=evidence,
        evidence_words=words,
        chart=chart,
        options=options,
        described=described,
        columns=columns,
        rows=tuple((check, tuple(cells(check.figures))) for check in newest),
    )


def _settling(watch: Watch, spans: Sequence[Span]) -> str:
    """Return until when a query is not asked, because it tells of before the ramp came down; empty: it is."""
    until = settles_until(watch.metric.query, spans) if isinstance(watch.metric, PrometheusMetric) else None
    if until is None or until <= clock.now():
        return ""
    return f"Not asked until {until:%H:%M:%S} UTC: until then it tells of before the ramp came down. No step is taken."


def _promise(watch: Watch) -> str:
    match watch.condition:
        case WorseThanOthers(false_alarms=share):
            return f"Of 100 harmless ramps, chance stops at most {100 * share:g}, however often one looks."
        case Threshold(sample=sample) if isinstance(watch.metric, EventMetric):
            return f"Judged from {sample:,} users inside on. A plain limit: chance alone may cross one that is close."
    return "A plain limit on one number: chance alone may cross one that is close."


def _evidence(figures: dict[str, Any]) -> tuple[float | None, str]:
    """Return how far the evidence has come, and in words; it begins at 1, which says nothing."""
    found, needed = figures.get("evidence"), figures.get("needed")
    if found is None or needed is None:
        return None, ""
    part = math.log(max(found, 1.0)) / math.log(needed)
    taken = f"the {needed:,.0f} that an alarm takes"
    if found > needed:
        return 100.0, f"{'far ' * (found > FAR * needed)}more than {taken}"
    return 100 * min(part, 1.0), f"{found:.2g} of {taken}"


# --- charts ----------------------------------------------------------------------------------------------------------


def _comparison(watch: Watch, checks: Sequence[Check]) -> tuple[str, str, str]:
    """Draw how many times as likely it is inside, with what cannot be ruled out, and 1 as the line."""
    ratios = [check.figures.get("ratio") or {} for check in checks]
    drawn = [
        charts.Line("", [_within(each.get("low"), each) for each in ratios], charts.INSIDE, bare=True),
        charts.Line(
            "95 % sure: in here",
            [_within(each.get("high"), each) for each in ratios],
            charts.SURE,
            fills=0,
            bare=True,
        ),
        charts.Line("Best guess", [_guess(each) for each in ratios], charts.INSIDE),
        charts.Line("The same as outside", [1.0] * len(checks), charts.LIMIT, dashed=True),
    ]
    options = charts.options(unit="times as likely inside", logarithmic=True, least=1 / MOST_RATIO, most=MOST_RATIO)
    described = f"How many times as likely “{_event(watch)}” is for users inside, over time"
    return charts.lines(_times(checks), drawn), options, described


def _threshold(watch: Watch, checks: Sequence[Check]) -> tuple[str, str, str]:
    """Draw the figure, and the limit as the line."""
    of_users = isinstance(watch.metric, EventMetric)
    factor, unit = (100, "% of users inside") if of_users else (1, "result of the query")
    limit = watch.condition.limit if isinstance(watch.condition, Threshold) else 0.0
    figures = [_times_by(_figure(check.figures), factor) for check in checks]
    drawn = [
        charts.Line("Users inside" if of_users else "The query", figures, charts.INSIDE),
        charts.Line("The limit", [factor * limit] * len(checks), charts.LIMIT, dashed=True),
    ]
    options = charts.options(unit=unit, least=0 if of_users else None)
    return charts.lines(_times(checks), drawn), options, f"The {watch.name or watch.metric}, over time, and its limit"


def _times(checks: Sequence[Check]) -> list[str]:
    same_day = checks[0].at.date() == checks[-1].at.date()
    return [f"{check.at:%H:%M}" if same_day else f"{check.at:%-d %b %H:%M}" for check in checks]


def _within(ratio: float | None, known: dict[str, Any]) -> float | None:
    if not known:
        return None
    return MOST_RATIO if ratio is None else min(max(ratio, 1 / MOST_RATIO), MOST_RATIO)


def _guess(known: dict[str, Any]) -> float | None:
    """Return the best guess; none while nobody inside had the event: that is zero times, which has no place here."""
    return _within(known["estimate"], known) if known.get("estimate") else None


def _figure(figures: dict[str, Any]) -> float | None:
    number = figures.get("number", (figures.get("inside") or {}).get("share"))
    return number if isinstance(number, int | float) else None


def _times_by(number: float | None, factor: float) -> float | None:
    return None if number is None else factor * number


def _event(watch: Watch) -> str:
    return watch.metric.event if isinstance(watch.metric, EventMetric) else ""


# --- the table -------------------------------------------------------------------------------------------------------


def _columns(watch: Watch) -> tuple[tuple[str, ...], Any]:
    """Return the headings of a guardrail's table, and what makes a line of a look's figures."""
    if isinstance(watch.condition, WorseThanOthers):
        return ("Inside", "Outside", "Times as likely inside", "Evidence"), _compared
    if isinstance(watch.metric, EventMetric):
        return ("Inside",), lambda figures: [_side(figures, "inside")]
    return ("Number",), lambda figures: [_short(_figure(figures))]


def _compared(figures: dict[str, Any]) -> Iterator[str]:
    yield _side(figures, "inside")
    yield _side(figures, "outside")
    ratio = figures.get("ratio") or {}
    if not ratio:
        yield "-"
    else:
        low, guess, high = (_short(ratio.get(name)) for name in ("low", "estimate", "high"))
        yield f"{guess} (from {low} to {high if ratio.get('high') is not None else 'no limit'})"
    found, needed = figures.get("evidence"), figures.get("needed")
    is_far = found is not None and needed is not None and found > FAR * needed
    yield "-" if found is None else f"{f'over {FAR} times' if is_far else _short(found)} of {_short(needed)}"


def _side(figures: dict[str, Any], name: str) -> str:
    side = figures.get(name) or {}
    if not side.get("of"):
        return "-"
    return f"{side['bad']:,} of {side['of']:,} ({100 * side['bad'] / side['of']:.3g} %)"


def _short(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:.3g}" if abs(number) < 10_000 else f"{number:.1e}"  # noqa: PLR2004 - as long as it reads well
