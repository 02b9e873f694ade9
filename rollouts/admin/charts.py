"""What guardrails found, as lines over time for Chart.js, which comes with Unfold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

INSIDE: Final = "#7c5cff"
OUTSIDE: Final = "#0ea5e9"
LIMIT: Final = "#dc2626"
SURE: Final = "rgba(124, 92, 255, 0.22)"
_QUIET: Final = "#7b8494"


@dataclass(frozen=True)
class Line:
    """One line; a place without a number is a gap. `fills` is the number of the line up to which it is filled."""

    name: str
    numbers: Sequence[float | None]
    colour: str
    dashed: bool = False
    fills: int | None = None
    bare: bool = False
    """Whether only what it encloses is drawn."""


def lines(labels: Sequence[str], drawn: Sequence[Line]) -> str:
    """Return the data of a chart, as JSON."""
    return orjson.dumps({"labels": labels, "datasets": [_dataset(line) for line in drawn]}).decode()


def _dataset(line: Line) -> dict[str, Any]:
    dataset: dict[str, Any] = {
        "label": line.name,
        "data": line.numbers,
        "borderColor": line.colour,
        "backgroundColor": line.colour,
        "borderWidth": 0 if line.bare else 2,
        "pointRadius": 0,
        "pointHitRadius": 8,
        "pointStyle": "line" if line.fills is None else "rect",
        "spanGaps": False,
        "tension": 0.2,
    }
    if line.dashed:
        dataset |= {"borderDash": [6, 4], "borderWidth": 1.5}
    if line.fills is not None:
        dataset |= {"fill": line.fills, "backgroundColor": SURE}
    return dataset


def options(*, unit: str, logarithmic: bool = False, least: float | None = None, most: float | None = None) -> str:
    """Return how Chart.js draws it, as JSON.

    Args:
        unit: what the numbers are: the title of the axis.
        logarithmic: whether equal ratios are equally far.
        least: where the axis begins; None: where the numbers do.
        most: where it ends.
    """
    y: dict[str, Any] = {
        "type": "logarithmic" if logarithmic else "linear",
        "title": {"display": True, "text": unit, "color": _QUIET},
        "ticks": {"color": _QUIET, "maxTicksLimit": 6},
        "grid": {"display": False},
    }
    y |= {"min": least} if least is not None else {}
    y |= {"max": most} if most is not None else {}
    return orjson.dumps(
        {
            "responsive": True,
            "maintainAspectRatio": False,
            "animation": False,
            "interaction": {"mode": "index", "intersect": False},
            "scales": {
                "x": {"grid": {"display": False}, "ticks": {"color": _QUIET, "maxTicksLimit": 6, "maxRotation": 0}},
                "y": y,
            },
            "plugins": {"legend": {"position": "bottom", "labels": {"color": _QUIET, "boxWidth": 12}}},
        }
    ).decode()
