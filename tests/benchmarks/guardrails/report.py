"""The tables: false alarms against what was stated, and how soon harm of several sizes was found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from rollouts.statistics import SPLIT_ERROR
from tests.benchmarks.guardrails.intervals import clopper_pearson, quantile
from tests.benchmarks.guardrails.ramp import FALSE_ALARMS, Outcome
from tests.benchmarks.guardrails.runs import BUSY, SHOP, Runs
from tests.benchmarks.guardrails.shop import BURST

SHARES: Final = (0.001, 0.01, 0.05, 0.1, 0.2)
Question = Callable[[Outcome], bool]


def report(runs: Runs) -> str:
    """Return everything as Markdown."""
    stages = " → ".join(f"{percentage} %" for percentage in SHOP.percentages)
    harmful, busy, lost = (len(next(iter(each.values()))) for each in (runs.harmful, runs.busy, runs.lost))
    lines = [
        f"Harmless ramps, {stages}, with {SHOP.visits:,} visits of {SHOP.users:,} users at each percentage:",
        "",
        *_false_alarms(runs),
        "",
        f"The same {len(runs.harmless):,} ramps, had other shares been stated:",
        "",
        *_other_shares(runs.harmless),
        "",
        f"Harm, with a stated share of {_percent(FALSE_ALARMS)}, {harmful:,} ramps of each size. Users are those until",
        "the alarm, as median / 90th percentile of all ramps; a dash means that so many ramps ended without one:",
        "",
        *_harm(runs.harmful),
        "",
        f"In a busier shop, {BUSY.visits:,} visits of {BUSY.users:,} users at each percentage, {busy:,} ramps",
        "of each size:",
        "",
        *_harm(runs.busy),
        "",
        "A wrong split: nothing is heard of a part of those inside. Whether the check has found it, in",
        f"{lost:,} ramps of each size:",
        "",
        *_wrong_splits(runs.lost),
        "",
    ]
    return "\n".join(lines)


def _false_alarms(runs: Runs) -> Iterable[str]:
    nervous = sum(one.steps_back > 0 for one in runs.nervous)
    yield "| what is asked, and when | stated | false alarms | share, with its 95 % interval |"
    yield "|---|--:|--:|--:|"
    rows: list[tuple[str, float, Sequence[Outcome], Question]] = [
        ("**worse than the others**, after each failing user", FALSE_ALARMS, runs.harmless, _has_alarm),
        (
            f"the same, with somebody nervous who steps back and begins again (in {nervous:,} of them)",
            FALSE_ALARMS,
            runs.nervous,
            _has_alarm,
        ),
        (f"**the split**, every {BURST} visits", SPLIT_ERROR, runs.harmless, _has_wrong_split),
        (
            "z-test of users, once, at the end of 50 %",
            FALSE_ALARMS,
            runs.harmless,
            attrgetter("naive_users_at_the_end"),
        ),
        (
            "z-test of visits, once, at the end of 50 %",
            FALSE_ALARMS,
            runs.harmless,
            attrgetter("naive_visits_at_the_end"),
        ),
        (f"z-test of users, every {BURST} visits", FALSE_ALARMS, runs.harmless, _has_naive_alarm_of_users),
        (f"z-test of visits, every {BURST} visits", FALSE_ALARMS, runs.harmless, _has_naive_alarm_of_visits),
    ]
    for what, stated, outcomes, is_alarm in rows:
        yield f"| {what} | {_percent(stated)} | {_share([is_alarm(one) for one in outcomes])} |"


def _other_shares(outcomes: Sequence[Outcome]) -> Iterable[str]:
    yield "| stated | false alarms | share, with its 95 % interval |"
    yield "|--:|--:|--:|"
    for stated in SHARES:
        yield f"| {_percent(stated)} | {_share([one.peak >= 1 / stated for one in outcomes])} |"


def _share(alarms: Sequence[bool]) -> str:
    hits, count = sum(alarms), len(alarms)
    low, high = clopper_pearson(hits, count)
    return f"{hits:,} of {count:,} | {hits / count * 100:.2f} % ({low * 100:.2f} % to {high * 100:.2f} %)"


def _harm(of: Mapping[float, Sequence[Outcome]]) -> Iterable[str]:
    yield f"| times the failures | {_STAGES} | users seen | failing users | of them inside |"
    yield "|--:|--:|--:|--:|--:|--:|--:|"
    for ratio, outcomes in of.items():
        alarms = [one.alarm for one in outcomes]
        figures = [
            _spread([alarm.users if alarm else None for alarm in alarms]),
            _spread([alarm.failed if alarm else None for alarm in alarms]),
            _spread([alarm.failed_inside if alarm else None for alarm in alarms]),
        ]
        found = _found_by([alarm.percentage if alarm else None for alarm in alarms])
        yield f"| {ratio:g} | {found} | {' | '.join(figures)} |"


def _wrong_splits(of: Mapping[float, Sequence[Outcome]]) -> Iterable[str]:
    yield f"| lost of those inside | {_STAGES} |"
    yield "|--:|--:|--:|--:|"
    for lost, outcomes in of.items():
        yield f"| {_percent(lost)} | {_found_by([one.split_found_at for one in outcomes])} |"


_STAGES: Final = " | ".join(f"found by {percentage} %" for percentage in SHOP.percentages[:-1])


def _found_by(percentages: Sequence[float | None]) -> str:
    """Return the shares of ramps in which it was found at each percentage or before."""
    return " | ".join(
        f"{sum(at is not None and at <= stage for at in percentages) / len(percentages) * 100:.0f} %"
        for stage in SHOP.percentages[:-1]
    )


def _spread(values: Sequence[int | None]) -> str:
    median, late = (quantile(values, share) for share in (0.5, 0.9))
    return " / ".join("–" if value is None else f"{value:,.0f}" for value in (median, late))


def _has_alarm(one: Outcome) -> bool:
    return one.peak >= 1 / FALSE_ALARMS


def _has_wrong_split(one: Outcome) -> bool:
    return one.split_peak >= 1 / SPLIT_ERROR


def _has_naive_alarm_of_users(one: Outcome) -> bool:
    return one.naive_users is not None


def _has_naive_alarm_of_visits(one: Outcome) -> bool:
    return one.naive_visits is not None


def _percent(share: float) -> str:
    return f"{share * 100:g} %"
