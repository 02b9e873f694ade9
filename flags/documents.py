"""Rows as SDKs get them: the documents of docs/reference/wire-format.md. Pure; reads no database by itself."""

from decimal import Decimal
from typing import Any

from flags.models import FlagState

HASH = "xxh3"
"""The bucketing algorithm that new states name; others will stand beside it."""


def state_document(state: FlagState) -> dict[str, Any]:
    """Return what SDKs get of a flag in an environment.

    Nothing is left out: what you see is what decides. The state must have been fetched with its flag and its
    prerequisites' flags, as `flags.querysets.states_in` does.
    """
    return {
        "type": state.flag.type,
        "enabled": state.enabled,
        "hash": HASH,
        "salt": state.salt,
        "variations": bare_variations(state.flag.variations),
        "off_variation": state.off_variation,
        "fallthrough": state.fallthrough,
        "rollout_percentage": percentage_number(state.rollout_percentage),
        "targets": state.targets,
        "prerequisites": [{"flag": row.flag.key, "variation": row.variation} for row in state.required()],
        "rules": state.rules,
    }


def bare_variations(variations: Any) -> Any:
    """Return variations without their names, which are for people only; what is malformed stays as it is."""
    if not isinstance(variations, list):
        return variations
    return [
        {field: part for field, part in entry.items() if field != "name"} if isinstance(entry, dict) else entry
        for entry in variations
    ]


def percentage_number(percentage: Decimal) -> int | float:
    """Return a percentage as JSON has it: a whole number where it is one."""
    whole = int(percentage)
    return whole if whole == percentage else float(percentage)
