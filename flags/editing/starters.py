"""What a new flag can begin from: for each use of flags its type, its variations, its tags, and what it is for.

Only data; the page of a new flag fills its form from it, and everything can be changed there.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Starter:
    """One template: `purpose` says when to choose it, `advice` what to do with the flag afterwards."""

    key: str
    title: str
    purpose: str
    advice: str
    type: str
    variations: tuple[Mapping[str, Any], ...]
    tags: tuple[str, ...]


_ON_OFF: Final = ({"key": "on", "value": True, "name": "On"}, {"key": "off", "value": False, "name": "Off"})

STARTERS: Final = (
    Starter(
        key="release",
        title="Release",
        purpose="Roll a new feature out step by step, and back in a second.",
        advice="Raise the rollout percentage until everybody has the feature; then take the flag out of the code.",
        type="boolean",
        variations=_ON_OFF,
        tags=("release",),
    ),
    Starter(
        key="experiment",
        title="Experiment",
        purpose="Show different people different versions and compare what they do.",
        advice="Split the default rule between the versions; keep the weights while the experiment runs.",
        type="string",
        variations=(
            {"key": "control", "value": "control", "name": "Control"},
            {"key": "treatment", "value": "treatment", "name": "Treatment"},
        ),
        tags=("experiment",),
    ),
    Starter(
        key="kill-switch",
        title="Kill switch",
        purpose="Turn something off at once when it hurts: a feature, a supplier, a queue.",
        advice="Leave it on for everybody, and tell those on call that it is there.",
        type="boolean",
        variations=(
            {"key": "on", "value": True, "name": "Working"},
            {"key": "off", "value": False, "name": "Stopped"},
        ),
        tags=("kill-switch",),
    ),
    Starter(
        key="permission",
        title="Permission",
        purpose="Give a feature to certain customers or plans, for as long as they pay.",
        advice="Let the default rule serve “Not allowed”, and add a rule for each segment that may.",
        type="boolean",
        variations=(
            {"key": "on", "value": True, "name": "Allowed"},
            {"key": "off", "value": False, "name": "Not allowed"},
        ),
        tags=("permission",),
    ),
    Starter(
        key="configuration",
        title="Configuration",
        purpose="Change a number, a text or a document of the running software without a release.",
        advice="Name the variations by what they mean, so that everybody sees what is in force.",
        type="json",
        variations=(
            {"key": "default", "value": {"limit": 100}, "name": "Default"},
            {"key": "raised", "value": {"limit": 500}, "name": "Raised"},
        ),
        tags=("configuration",),
    ),
)


def starters() -> list[dict[str, Any]]:
    """Return the templates as JSON."""
    return [asdict(starter) for starter in STARTERS]


def starter_named(key: str) -> Starter | None:
    """Return one template, or None."""
    return next((starter for starter in STARTERS if starter.key == key), None)
