"""Bucket numbers as rulers: who is inside of a rollout, how a split is cut, and where a context falls.

Pure: a step of the engine's explanation goes in, frozen rows come out. Every ruler says in words what it draws.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

BUCKETS: Final = 100_000
INSIDE: Final = "inside"
OUTSIDE: Final = "outside"


@dataclass(frozen=True)
class Band:
    """Some of the buckets: from `start` up to, but not including, `end`."""

    name: str
    start: int
    end: int
    colour: str

    @property
    def width(self) -> int:
        """Return how many buckets these are."""
        return self.end - self.start

    @property
    def percentage(self) -> str:
        """Return their share of all buckets."""
        return f"{self.width / BUCKETS * 100:.3f}".rstrip("0").rstrip(".") + " %"


@dataclass(frozen=True)
class Ruler:
    """All buckets from 0 to 99,999, cut into bands, and the context's bucket among them (None: it has none)."""

    title: str
    bands: tuple[Band, ...]
    bucket: int | None
    words: str

    @property
    def at(self) -> float:
        """Return where the bucket lies, in per cent of the ruler's length."""
        return ((self.bucket or 0) + 0.5) / BUCKETS * 100


def rulers_of(step: Mapping[str, Any], colours: Mapping[str, str]) -> list[Ruler]:
    """Return the rulers of a step: one for a rollout below 100 %, one for a split.

    Args:
        step: of the explanation.
        colours: by key of a variation.
    """
    return list(_rulers(step, colours))


def _rulers(step: Mapping[str, Any], colours: Mapping[str, str]) -> Iterator[Ruler]:
    gate, split = step.get("gate"), step.get("split")
    limit = round(gate["percentage"] * 1_000) if gate else BUCKETS
    if gate and limit < BUCKETS:
        bands = (Band(INSIDE, 0, limit, INSIDE), Band(OUTSIDE, limit, BUCKETS, OUTSIDE))
        where = f"{_place(gate)}, {INSIDE if gate['inside'] else OUTSIDE} of the rollout"
        words = f"{where}: the first {limit:,} of {BUCKETS:,} buckets are in."
        yield Ruler(f"Rollout {gate['percentage']} %", _drawn(bands), gate["bucket"], words)
    if split:
        cut = [
            Band(one["variation"], one["from"], one["to"], colours.get(one["variation"], "")) for one in split["shares"]
        ]
        shares = ", ".join(f"{band.name} {band.start:,} to {band.end - 1:,}" for band in cut if band.width)
        yield Ruler("Split", _drawn(tuple(cut)), split["bucket"], f"{_place(split)}. Shares: {shares}.")


def _drawn(bands: tuple[Band, ...]) -> tuple[Band, ...]:
    return tuple(band for band in bands if band.width)


def _place(step: Mapping[str, Any]) -> str:
    by = step["bucket_by"]
    return (
        f"The context has no {by}, so it has no bucket"
        if step["bucket"] is None
        else f"Bucket {step['bucket']:,} by {by}"
    )
