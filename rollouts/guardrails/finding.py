"""What a look at a guardrail finds: a verdict, a sentence, and the figures that it was judged by."""

from dataclasses import dataclass, field
from typing import Any

from rollouts.models import Verdict


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason; `figures` are JSON, of the shape that the metric's source gives."""

    verdict: Verdict
    text: str
    figures: dict[str, Any] = field(default_factory=dict)
