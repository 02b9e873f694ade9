"""What was measured, beside what was asked for."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    got: float
    unit: str
    asked: float | None = None
    """The budget; None where none was set."""
    at_least: bool = True
    """Whether the budget is a least (requests a second) or a most (milliseconds, bytes)."""
    p50_ms: float | None = None
    p99_ms: float | None = None

    @property
    def is_kept(self) -> bool:
        """Tell whether the budget is kept."""
        if self.asked is None:
            return True
        return self.got >= self.asked if self.at_least else self.got <= self.asked


def table_of(figures: Iterable[Figure]) -> str:
    """Return the figures as a table in Markdown."""
    lines = ["| what | measured | asked | p50 | p99 |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {each.what} | {_number(each.got)} {each.unit}{'' if each.is_kept else ' (missed)'} | {_asked(each)} "
        f"| {_milliseconds(each.p50_ms)} | {_milliseconds(each.p99_ms)} |"
        for each in figures
    ]
    return "\n".join(lines)


def _asked(figure: Figure) -> str:
    if figure.asked is None:
        return "–"
    return f"{'≥' if figure.at_least else '≤'} {_number(figure.asked)} {figure.unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{_number(value)} ms"
