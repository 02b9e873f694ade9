"""The picture: which share of ramps was rolled back by when, for harm of several sizes and for none, as SVG."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from tests.benchmarks.guardrails.ramp import Outcome
from tests.benchmarks.guardrails.runs import SHOP, Runs

WIDTH, HEIGHT = 900, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 256, 48, 56
STAGES: Final = len(SHOP.percentages) - 1
COLOURS: Final = ("#8fbbe0", "#5f9fd0", "#3f86c4", "#1f67ad", "#114a86", "#08306b")
RED, GREEN, INK, FAINT = "#c0392b", "#1e8449", "#333333", "#d8dee4"
LABEL_HEIGHT: Final = 17


def plot(runs: Runs) -> str:
    """Return the picture of all runs."""
    whole = SHOP.visits * STAGES
    curves = [
        (f"{ratio:g} × the failures", colour, "", [_visits(one) for one in outcomes])
        for (ratio, outcomes), colour in zip(reversed(list(runs.harmful.items())), reversed(COLOURS), strict=True)
    ]
    curves += [
        ("no harm, z-test of visits", RED, "2 4", [one.naive_visits for one in runs.harmless]),
        ("no harm, z-test of users", RED, "7 4", [one.naive_users for one in runs.harmless]),
        ("no harm, Flagsite", GREEN, "", [_visits(one) for one in runs.harmless]),
    ]
    ends = [sum(at is not None and at <= whole for at in visits) / len(visits) for *_, visits in curves]
    parts = [
        *_frame(whole),
        *(_curve(visits, whole, colour, dash) for _, colour, dash, visits in curves),
        *_labels([(name, colour, dash, end) for (name, colour, dash, _), end in zip(curves, ends, strict=True)]),
    ]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    letters = 'font-family="system-ui, sans-serif" font-size="13"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {letters}>',
            "<title>Share of simulated ramps rolled back, by visits, for harm of several sizes and for none</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _visits(outcome: Outcome) -> int | None:
    return outcome.alarm.visits if outcome.alarm else None


def _x(visits: float, whole: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * visits / whole


def _y(share: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)


def _frame(whole: int) -> Iterable[str]:
    right = _x(whole, whole)
    for tenths in range(0, 11, 2):
        y = _y(tenths / 10)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>'
        yield _text(LEFT - 8, y + 4, f"{tenths * 10} %", anchor="end")
    for number, percentage in enumerate(SHOP.percentages[:-1]):
        begin, end = _x(number * SHOP.visits, whole), _x((number + 1) * SHOP.visits, whole)
        yield f'<line x1="{end:.1f}" y1="{TOP}" x2="{end:.1f}" y2="{_y(0):.1f}" stroke="{FAINT}"/>'
        yield _text((begin + end) / 2, TOP - 10, f"rollout at {percentage} %", anchor="middle")
        yield _text(end, _y(0) + 18, f"{(number + 1) * SHOP.visits:,}", anchor="middle")
    yield _text((LEFT + right) / 2, HEIGHT - 14, "visits since the ramp began", anchor="middle")
    yield _text(LEFT - 48, 18, "ramps rolled back")


def _curve(visits: Sequence[int | None], whole: int, colour: str, dash: str) -> str:
    """Return the steps of an empirical distribution, one for each moment at which an alarm came."""
    points = [(_x(0, whole), _y(0))]
    came = sorted(at for at in visits if at is not None and at <= whole)
    for at in sorted(set(came)):
        share = sum(each <= at for each in came) / len(visits)
        points += [(_x(at, whole), points[-1][1]), (_x(at, whole), _y(share))]
    points.append((_x(whole, whole), points[-1][1]))
    return _line(points, colour, dash)


def _labels(ends: list[tuple[str, str, str, float]]) -> Iterable[str]:
    """Name each curve beside its end, apart from each other where the ends are not."""
    right = WIDTH - RIGHT + 10
    free = 0.0
    names = sorted(ends, key=lambda label: -round(label[3], 2))
    for place, (name, colour, dash, end) in enumerate(names):
        lowest = HEIGHT - BOTTOM - LABEL_HEIGHT * (len(names) - 1 - place)
        y = max(min(_y(end), lowest), free)
        free = y + LABEL_HEIGHT
        yield _line([(right, y), (right + 24, y)], colour, dash)
        yield _text(right + 32, y + 4, f"{name}: {end * 100:.3g} %")


def _line(points: Sequence[tuple[float, float]], colour: str, dash: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'
