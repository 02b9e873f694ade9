"""`/metrics` as a test reads it: samples by name and labels."""

from collections.abc import Iterable, Mapping

import httpx
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families


class Scrape:
    """What a scrape found, once; a sample that is not there counts as 0."""

    def __init__(self, families: Iterable[Metric]) -> None:
        samples = [sample for family in families for sample in family.samples]
        self.samples: list[tuple[str, Mapping[str, str], float]] = [
            (sample.name, sample.labels, sample.value) for sample in samples
        ]

    @classmethod
    def of(cls, url: str) -> "Scrape":
        """Ask a process."""
        text = httpx.get(f"{url}/metrics", timeout=10, trust_env=False).raise_for_status().text
        return cls(text_string_to_metric_families(text))

    def __getitem__(self, name: str) -> float:
        return self.value(name)

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name which carry these labels."""
        return sum(value for found, own, value in self.samples if found == name and labels.items() <= own.items())

    def names(self) -> set[str]:
        """The names of all samples."""
        return {name for name, _, _ in self.samples}
