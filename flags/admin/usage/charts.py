"""Bars over time for Chart.js, which comes with Unfold: times beside each other, series on top of each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

COLOURS: Final = (
    "#7c5cff",
    "#f59e0b",
    "#0ea5e9",
    "#e5488d",
    "#10b981",
    "#8b5e3c",
    "#2563eb",
    "#a3b10a",
    "#c026d3",
    "#64748b",
)
"""By number, as the editor's style sheet has them for variations."""
OF_ERRORS: Final = "#dc2626"
OF_CHANGES: Final = "#0d9488"
OTHER: Final = "#94a3b8"

OPTIONS: Final = orjson.dumps(
    {
        "responsive": True,
        "maintainAspectRatio": False,
        "animation": False,
        "interaction": {"mode": "index", "intersect": False},
        "scales": {
            "x": {"stacked": True, "grid": {"display": False}, "ticks": {"color": "#7b8494", "maxTicksLimit": 8}},
            "y": {"stacked": True, "beginAtZero": True, "ticks": {"color": "#7b8494", "maxTicksLimit": 5}},
        },
        "plugins": {"legend": {"position": "bottom", "labels": {"color": "#7b8494", "boxWidth": 12}}},
    }
).decode()
"""How Chart.js draws it."""


@dataclass(frozen=True)
class Series:
    """One colour of the bars."""

    name: str
    numbers: Sequence[int]
    colour: str


def stacked_bars(labels: Sequence[str], series: Sequence[Series], *, marks: Sequence[Sequence[str]] = ()) -> str:
    """Return the data of a chart, as JSON.

    Args:
        labels: of the steps.
        series: from the lowest to the highest.
        marks: for each step what happened in it; a triangle on the axis says it when pointed at (insights.js).
    """
    datasets: list[dict[str, Any]] = [
        {"label": each.name, "data": each.numbers, "backgroundColor": each.colour, "borderRadius": 3} for each in series
    ]
    if any(marks):
        datasets.append(
            {
                "type": "line",
                "label": "Changes",
                "data": [0 if told else None for told in marks],
                "told": marks,
                "stack": "changes",
                "showLine": False,
                "pointStyle": "triangle",
                "pointRadius": 8,
                "pointHoverRadius": 10,
                "clip": False,
                "order": -1,
                "borderColor": OF_CHANGES,
                "backgroundColor": OF_CHANGES,
            }
        )
    return orjson.dumps({"labels": labels, "datasets": datasets}).decode()


def percent(part: int, whole: int) -> str:
    """Return a share in words: something is never said to be nothing, nor nearly everything to be everything."""
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:  # noqa: PLR2004 - the precision shown
        return "< 0.1 %"
    if 99.9 < share < 100:  # noqa: PLR2004 - the same
        return "> 99.9 %"
    return f"{share:.1f}".removesuffix(".0") + " %"
