"""What webhooks and e-mail notices ask alike: a name, and of which kinds and environments they want to hear."""

from collections.abc import Iterable
from typing import Any, Final

from accounts.models import Environment, Project
from flagsite.lib.problems import InvalidInput
from rollouts.models import Occurrence

MAX_NAME: Final = 200


def check_name(name: Any) -> None:
    """Refuse what is no name.

    Raises:
        InvalidInput: at `name`.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise InvalidInput.at("name", f"1 to {MAX_NAME} characters.")


def kinds_of(kinds: Any) -> list[str]:
    """Return the kinds in the order in which ramps go through them.

    Raises:
        InvalidInput: at `kinds`, when one is none.
    """
    if not isinstance(kinds, list):
        raise InvalidInput.at("kinds", "Must be a list.")
    for place, kind in enumerate(kinds):
        if kind not in Occurrence.Kind.values:
            raise InvalidInput.at(f"kinds[{place}]", f"Must be one of {', '.join(Occurrence.Kind.values)}.")
    return [kind for kind in Occurrence.Kind.values if kind in kinds]


def environments_of(project: Project, keys: Any) -> list[Environment]:
    """Return the environments that are named by their keys, in the project's order.

    Raises:
        InvalidInput: at `environments`, when the project has no such one.
    """
    if not isinstance(keys, list):
        raise InvalidInput.at("environments", "Must be a list.")
    found = {environment.key: environment for environment in project.environments.all()}
    for place, key in enumerate(keys):
        if not isinstance(key, str) or key not in found:
            raise InvalidInput.at(f"environments[{place}]", f"The project `{project.key}` has no such environment.")
    return [environment for key, environment in found.items() if key in keys]


def keys_of(environments: Iterable[Environment]) -> list[str]:
    """Return the keys, sorted, as the audit log keeps them."""
    return sorted(environment.key for environment in environments)
