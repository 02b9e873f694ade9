"""What one percentage showed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """Counts of contexts, each once, among those that count in the stage.

    `share` is the probability that one of them is inside if the flag changes nothing.

    Raises:
        ValueError: when the share is not between 0 and 1, or a count is negative.
    """

    share: float
    inside: int
    outside: int

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"a share of {self.share} leaves nobody to compare with")
        if min(self.inside, self.outside) < 0:
            raise ValueError(f"there are no {min(self.inside, self.outside)} contexts")

    @property
    def contexts(self) -> int:
        """Inside and outside together."""
        return self.inside + self.outside
