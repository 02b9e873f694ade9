"""Contexts counted stage by stage: each once in a stage, and none that had its event in an earlier epoch or ramp.

A context is named by anything hashable: its id, or a hash of it.
"""

from collections.abc import Hashable, Iterable

from rollouts.statistics.comparison import Comparison, comparisons
from rollouts.statistics.stage import Stage


class Tally:
    """Counts contexts with one kind of event, while the percentage moves.

    Feed it in order of the stages; within a stage the order makes no difference.

    Raises:
        ValueError: when a percentage is not 0 to 100 in steps of 0.001.
    """

    def __init__(self, percentage: float) -> None:
        self._percentages = [percentage]
        self._comparison = comparisons(self._percentages)[-1]
        self._known: set[Hashable] = set()  # of earlier epochs, and ramps
        self._now: set[Hashable] = set()  # of this one
        self._stages: dict[Comparison, tuple[set[Hashable], set[Hashable]]] = {}

    @property
    def comparison(self) -> Comparison:
        """Who is compared at present."""
        return self._comparison

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What the stages of the present epoch have shown so far; those that cannot show anything are left out."""
        return tuple(
            Stage(comparison.share, inside=len(inside), outside=len(outside))
            for comparison, (inside, outside) in self._stages.items()
        )

    def know(self, contexts: Iterable[Hashable]) -> None:
        """Leave contexts out: they had their event where somebody may have decided by it to begin anew."""
        self._known |= set(contexts)

    def move(self, percentage: float) -> None:
        """Another percentage, or the same again, is in force from now on.

        Raises:
            ValueError: when it is not 0 to 100 in steps of 0.001.
        """
        comparison = comparisons([*self._percentages, percentage])[-1]
        self._percentages.append(percentage)
        if comparison.epoch > self._comparison.epoch:
            self._known |= self._now
            self._now = set()
            self._stages = {}
        self._comparison = comparison

    def note(self, context: Hashable, bucket: int) -> bool:
        """Note that a context had the event; return whether that adds to the counts."""
        if context in self._known:
            return False
        self._now.add(context)  # whatever its bucket: whether it is known must not depend on that
        if not self._comparison.counts(bucket):
            return False
        sides = self._stages.setdefault(self._comparison, (set(), set()))
        side = sides[0 if self._comparison.is_inside(bucket) else 1]
        if context in side:
            return False
        side.add(context)
        return True
