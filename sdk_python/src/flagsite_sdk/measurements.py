"""What the SDK says of itself in numbers, for whoever collects them.

Nothing is said of a single evaluation, which is far too quick for that: evaluations are told as counts, once a minute
or whenever they are gathered for a report. What becomes of them is up to the listener
(``FlagClient.on_measurement`` or ``flagsite_sdk.opentelemetry_metrics``). No measurement holds anything of a context.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a number means beside those before it."""

    COUNTER = "counter"  # is added to them
    GAUGE = "gauge"  # replaces them


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number.

    Attributes:
        name: what was measured; ``KINDS`` names them all.
        value: how many, or how much.
        attributes: of what: texts by name.
    """

    name: str
    value: float
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Whether it is to be added up."""
        return KINDS[self.name]


EVALUATIONS: Final = "flagsite.evaluations"
ERRORS: Final = "flagsite.evaluation.errors"
UPDATES: Final = "flagsite.updates"
REVISION: Final = "flagsite.revision"
STREAM_ENDINGS: Final = "flagsite.stream.endings"
REPORTS: Final = "flagsite.reports"
DROPPED: Final = "flagsite.dropped"

KINDS: Final[Mapping[str, Kind]] = {
    EVALUATIONS: Kind.COUNTER,
    ERRORS: Kind.COUNTER,
    UPDATES: Kind.COUNTER,
    REVISION: Kind.GAUGE,
    STREAM_ENDINGS: Kind.COUNTER,
    REPORTS: Kind.COUNTER,
    DROPPED: Kind.COUNTER,
}
"""Every name that there is; the SDK's README says what each means."""
