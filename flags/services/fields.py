"""What a caller may set of a flag: what all environments share, and what each has of its own. Pure."""

from typing import Any, Final, TypedDict


class FlagFields(TypedDict, total=False):
    """What a caller may set; absent means: as it was, or the default of a new flag.

    The first six are the same in all environments; the others concern the environment that is named.
    """

    name: str
    description: str
    tags: list[str]
    owner: str
    type: str
    variations: list[dict[str, Any]]
    enabled: bool
    salt: str
    off_variation: str
    fallthrough: dict[str, Any]
    rollout_percentage: float
    targets: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    prerequisites: list[dict[str, Any]]


SHARED: Final = frozenset({"name", "description", "tags", "owner", "variations"})
PER_ENVIRONMENT: Final = (
    "enabled",
    "salt",
    "off_variation",
    "fallthrough",
    "rollout_percentage",
    "targets",
    "rules",
    "prerequisites",
)


def own_fields(fields: FlagFields) -> dict[str, Any]:
    """Return those of the fields that concern one environment."""
    return {name: value for name, value in fields.items() if name in PER_ENVIRONMENT}
