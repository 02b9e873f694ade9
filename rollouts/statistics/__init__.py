"""The statistics of guardrails: is it worse inside, is the split what it should be, is a threshold crossed?

    comparison.py   who counts in a stage, and how probable it is to be inside
    tally.py        contexts counted stage by stage, each once
    stage.py        what a stage showed: counts of contexts inside and outside
    likelihood.py   how well a risk ratio explains the counts
    evidence.py     evidence that it is worse inside, valid however often it is looked at
    alarm.py        how much evidence an alarm takes
    split.py        evidence that the split is not what it should be
    band.py         the risk ratios that the counts do not rule out, for charts
    threshold.py    a plain threshold, with a minimum sample

Pure: numbers in, numbers out. Nothing here knows flags, events, databases or the time. What it promises, what it does
not, and its sources: docs/explanation/guardrail-statistics.md.
"""

from rollouts.statistics.alarm import evidence_needed, is_alarm
from rollouts.statistics.band import Band, risk_ratio_band
from rollouts.statistics.comparison import Comparison, comparisons
from rollouts.statistics.evidence import Direction, evidence
from rollouts.statistics.split import SPLIT_ERROR, is_split_wrong, split_evidence
from rollouts.statistics.stage import Stage
from rollouts.statistics.tally import Tally
from rollouts.statistics.threshold import Finding, judge_figure, judge_share

__all__ = [
    "SPLIT_ERROR",
    "Band",
    "Comparison",
    "Direction",
    "Finding",
    "Stage",
    "Tally",
    "comparisons",
    "evidence",
    "evidence_needed",
    "is_alarm",
    "is_split_wrong",
    "judge_figure",
    "judge_share",
    "risk_ratio_band",
    "split_evidence",
]
