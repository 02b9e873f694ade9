"""The table's rows: what is measured, the budget, and how much better than the best peer Flagsite has to be.

The budgets and the best peer's figures were set on one machine (docs/reference/benchmarks.md); on another one only
their ratio means anything, so that is what is judged.
"""

from dataclasses import dataclass

MICROSECOND = 1e3
MILLISECOND = 1e6
THREE_DIGITS = 100
NOISE = 0.05  # two threads that share one interpreter are never measured at exactly one


@dataclass(frozen=True)
class Row:
    """One line of the table; values are in nanoseconds, MiB or multiples, shown in `unit`."""

    key: str
    title: str
    unit: str
    budget: float
    best_known: float
    scale: float = 1.0
    judged: bool = True

    @property
    def ratio(self) -> float:
        """Return the share of the best peer's cost that Flagsite may take."""
        return self.budget / self.best_known

    def show(self, value: float) -> str:
        number = value / self.scale
        return f"{number:.0f} {self.unit}" if number >= THREE_DIGITS else f"{number:.3g} {self.unit}"


DECISIONS = (
    Row("plain", "plain boolean", "µs", 0.3, 1.1, MICROSECOND),
    Row("one_rule", "one rule", "µs", 0.3, 1.1, MICROSECOND),
    Row("split", "50-50 split", "µs", 0.3, 1.1, MICROSECOND),
    Row("segment", "segment and 25 %", "µs", 0.3, 1.1, MICROSECOND),
    Row("regex", "a rule with a regex", "µs", 0.9, 1.26, MICROSECOND),
    Row("ten_rules", "ten rules: text, number, semver", "µs", 0.7, 1.4, MICROSECOND),
    Row("all_flags", "all 1,000 flags for one user", "ms", 0.3, 1.0, MILLISECOND),
)
FIRST = Row("first", "construction to first answer, 1,000 flags", "ms", 3.0, 3.6, MILLISECOND)
MEMORY = Row("held", "memory, 10,000 flags of 3 rules", "MiB", 16.0, 19.4)
MEMORY_EVALUATED = Row("evaluated", "the same, each evaluated once", "MiB", 0.0, 1.0, judged=False)
THREADS = Row("threads", "two threads together, against one", "×", 1.0, 1.0)
ROWS = (*DECISIONS, FIRST, MEMORY, MEMORY_EVALUATED, THREADS)


@dataclass(frozen=True)
class Verdict:
    """Flagsite beside the best of the others in one row."""

    row: Row
    ours: float
    best: float
    peer: str

    @property
    def ratio(self) -> float:
        return self.ours / self.best

    @property
    def kept(self) -> bool:
        if self.row is THREADS:
            return self.ours >= self.row.budget - NOISE
        return self.ratio <= self.row.ratio


def judge(row: Row, values: dict[str, float]) -> Verdict | None:
    """Compare the row's values by peer; None when Flagsite or all the others have none."""
    others = {peer: value for peer, value in values.items() if not peer.startswith("flagsite")}
    if "flagsite" not in values or not others:
        return None
    peer = (max if row is THREADS else min)(others, key=others.__getitem__)
    return Verdict(row, values["flagsite"], others[peer], peer)
