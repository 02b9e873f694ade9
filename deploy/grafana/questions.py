"""What a dashboard is made of: rows, panels, and questions to Prometheus. Knows nothing of Grafana's JSON."""

from dataclasses import dataclass, field
from typing import Final

WHERE: Final = 'project=~"$project", environment=~"$environment"'
RATE: Final = "[$__rate_interval]"


@dataclass(frozen=True)
class Query:
    """A question, and what a line of its answer is called."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """One picture; the unit is Grafana's name of it."""

    title: str
    meaning: str
    queries: tuple[Query, ...]
    unit: str = "short"
    is_stacked: bool = False


@dataclass(frozen=True)
class Row:
    """Panels that belong together."""

    title: str
    panels: tuple[Panel, ...] = field(default_factory=tuple)


def rate(metric: str, *, by: str, labels: str = WHERE) -> str:
    """Return how often something happens per second."""
    return f"sum by ({by}) (rate({metric}{{{labels}}}{RATE}))"


def quantile(share: float, metric: str, *, labels: str = "", by: str = "") -> str:
    """Return what this share of the observations stayed below."""
    grouped = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({share}, sum by ({grouped}) (rate({metric}_bucket{{{labels}}}{RATE})))"


def quantiles(metric: str, labels: str = "") -> tuple[Query, ...]:
    """Return the three shares that everybody looks at."""
    return tuple(Query(quantile(share, metric, labels=labels), f"p{share * 100:g}") for share in (0.5, 0.95, 0.99))
