"""What the review says of a change's effects: who gains, loses or switches, and what a reading of the rules finds.

The counts are those of `flags.impact`, the findings those of `flags.reading`; here they become sentences, environment
by environment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from accounts.models import Environment
from flags.history import Entry
from flags.impact import FlagImpact, Impact, Kind, Moves, StageMoves, Transition, Why, impact_of
from flags.impact.configurations import both
from flags.models import RevisionItem
from flags.movers import foreseen
from flags.querysets import recent_contexts
from flags.reading import Finding, findings_in_flag, findings_in_segment
from flags.services.change_requests import Difference
from flags.snapshots import snapshot_of
from flagsite.lib import clock
from flagsite.lib.text_fields import pretty

SHOWN: Final = 20
"""Flags of an environment whose effects are written out; of more, how many there are."""
VERBS: Final = {Kind.GAIN: "gain", Kind.LOSE: "lose", Kind.SWITCH: "switch", Kind.STAY: "stay"}


@dataclass(frozen=True)
class Moved:
    """Contexts that go from one variation to another."""

    before: str
    after: str
    kind: str
    count: int
    examples: Sequence[str]


@dataclass(frozen=True)
class Band:
    """A part of a bar: where it begins and how long it is, in percent, and whether its buckets gain, lose or switch."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True)
class Stage:
    """What happens to the buckets of the default rule or of one rule: in sentences, and as a bar of 100 %."""

    sentences: Sequence[str]
    bar: Sequence[Band]


@dataclass(frozen=True)
class FlagEffect:
    """What happens to one flag's users."""

    key: str
    why: str
    moved: Sequence[Moved]
    stages: Sequence[Stage]


@dataclass(frozen=True)
class Warned:
    """A finding, and the context that shows it, as JSON; or what becomes of what moves the flag, which none shows."""

    key: str
    says: str
    proof: str
    witness: str


@dataclass(frozen=True)
class Effect:
    """What a change does in one environment."""

    environment: Environment
    contexts: int
    touched: int
    losing: int
    somebody_loses: bool
    """Whether that is certain: of those seen somebody does, or the buckets speak for everybody."""
    anyone_loses: bool
    """Whether somebody may."""
    speaks_for_everybody: bool
    """Whether the answer to that question holds for all contexts, not only for those that were seen."""
    flags: Sequence[FlagEffect]
    more: int
    untold: Sequence[str]
    """Attributes that the flags look at and that are not kept of contexts."""
    warnings: Sequence[Warned]


def effects_of(difference: Difference) -> list[Effect]:
    """Return what a change does, in each environment that it changes."""
    now = clock.epoch()
    rehearsed = [environment.pk for environment in difference.environments]
    rows = Environment.objects.filter(pk__in=rehearsed).select_related("project")  # at the revisions that are in force
    return [_effect(row, difference.entries, now) for row in rows.order_by("position", "key")]


def _effect(environment: Environment, entries: Sequence[Entry], now: float) -> Effect:
    own = [entry for entry in entries if entry.item.environment_id == environment.pk]
    flags = {entry.item.key: entry.after for entry in own if entry.item.kind == RevisionItem.Kind.FLAG}
    segments = {entry.item.key: entry.after for entry in own if entry.item.kind == RevisionItem.Kind.SEGMENT}
    before = snapshot_of(environment).engine.to_json()
    impact = impact_of(before, contexts=recent_contexts(environment), now=now, flags=flags, segments=segments)
    told = [effect for effect in map(_flag_effect, impact.flags) if effect.moved or effect.stages]
    kept = set(environment.project.recorded_attributes)
    _, new = both(before, flags=flags, segments=segments, now=now)
    held, audiences = new.definitions.flags(), new.definitions.segments
    warnings = [
        *((key, found) for key in flags for found in findings_in_flag(key, flags=held, segments=audiences, now=now)),
        *((key, found) for key in segments for found in findings_in_segment(key, segments=audiences, now=now)),
    ]
    return Effect(
        environment=environment,
        contexts=impact.contexts,
        touched=impact.touched,
        losing=impact.losing,
        somebody_loses=impact.somebody_loses,
        anyone_loses=impact.anyone_loses,
        speaks_for_everybody=impact.speaks_for_everybody,
        flags=told[:SHOWN],
        more=max(0, len(told) - SHOWN),
        untold=_untold(impact, kept),
        warnings=[
            *(Warned(each.key, each.says, each.proof, "") for each in foreseen(environment, flags)),
            *(_warned(key, found) for key, found in warnings),
        ],
    )


def _untold(impact: Impact, kept: set[str]) -> list[str]:
    return sorted(name for name in impact.attributes if name not in kept)


def _flag_effect(flag: FlagImpact) -> FlagEffect:
    moved = [_moved(each) for each in flag.transitions if each.kind is not Kind.STAY]
    stages = [Stage(list(_told(stage)), list(_bar(stage))) for stage in flag.stages]
    return FlagEffect(flag.key, _why(flag), moved, stages)


def _why(flag: FlagImpact) -> str:
    match flag.cause.why:
        case Why.SEGMENT:
            return f"it uses the segment {flag.cause.key}"
        case Why.PREREQUISITE:
            return f"it requires the flag {flag.cause.key}"
        case _:
            return ""


def _moved(transition: Transition) -> Moved:
    return Moved(
        before=transition.before or "nothing",
        after=transition.after or "nothing",
        kind=VERBS[transition.kind],
        count=transition.count,
        examples=transition.examples,
    )


def _told(stage: StageMoves) -> Iterator[str]:
    where = "Default rule" if stage.rule is None else f'Rule "{stage.name or stage.rule}"'
    if stage.is_unknown:
        yield f"{where}: it decides for those whom it matches; what they are served otherwise depends on other rules."
        return
    if stage.is_reshuffled:
        yield f"{where}: everybody falls into new buckets{'; what follows is to be expected' * stage.is_expected}."
    elif stage.is_expected:
        yield f"{where}: other rules bucket by something else; what follows is to be expected."
    if stage.moves.moves_anybody:
        own = f", {' and '.join(stage.of_its_own)}" if stage.of_its_own else ""
        yield f"{where}{own}: of {_whom(stage)} {_in_words(stage)}."
    if stage.is_at_most:
        yield f"{where}: how many depends on which other rules match them."
    if stage.others_may_lose and not stage.moves.lose:
        yield f"{where}: who has no value to bucket by may lose."


def _whom(stage: StageMoves) -> str:
    if stage.rule is None:
        return "those whom no rule takes" if stage.is_rest else "all buckets"
    return "those whom it matches" + " and no rule before it takes" * stage.is_rest


def _bar(stage: StageMoves) -> Iterator[Band]:
    """Draw the shares; bounds need not add up to a whole, and are not drawn."""
    moves = Moves(1) if stage.is_at_most else stage.moves
    start = 0.0
    for kind, count in ((Kind.GAIN, moves.gain), (Kind.SWITCH, moves.switch), (Kind.LOSE, moves.lose)):
        width = 100 * count / moves.of
        if width:
            yield Band(kind.value, round(start, 3), round(width, 3))
        start += width


def _in_words(stage: StageMoves) -> str:
    moves = stage.moves
    counts = {Kind.GAIN: moves.gain, Kind.LOSE: moves.lose, Kind.SWITCH: moves.switch}
    shares = [f"{moves.percent(kind).normalize():f} % {VERBS[kind]}" for kind, count in counts.items() if count]
    return ", ".join(f"at most {share}" if stage.is_at_most else share for share in shares)


def _warned(key: str, finding: Finding) -> Warned:
    witness = "" if finding.witness is None else pretty(dict(finding.witness))
    return Warned(key, finding.says, finding.proof, witness)
