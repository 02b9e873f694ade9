"""What a ramp moves: the percentage of a flag's default rule, or of one of its rules. Pure; the state is handed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flags.models import FlagState
from flags.services import FlagFields
from rollouts.errors import RuleNotFound


@dataclass(frozen=True)
class Target:
    """The default rule of a state, or the rule with an id."""

    state: FlagState
    rule: str

    @property
    def is_gone(self) -> bool:
        """Tell whether it is a rule that the state has no more."""
        return bool(self.rule) and all(rule["id"] != self.rule for rule in self.state.rules)

    @property
    def percentage(self) -> Decimal:
        """Return whom it lets in now, 0 to 100.

        Raises:
            RuleNotFound: when the state has no such rule.
        """
        if not self.rule:
            return self.state.rollout_percentage
        return Decimal(str(self._rule().get("rollout_percentage", 100)))

    def check(self) -> None:
        """Pass when it is there.

        Raises:
            RuleNotFound: when the state has no such rule.
        """
        if self.rule:
            self._rule()

    @property
    def effective(self) -> Decimal:
        """Return the percentage, or 0 where the flag is off or the rule gone: it lets nobody in."""
        return self.percentage if self.state.enabled and not self.is_gone else Decimal(0)

    @property
    def bucket_by(self) -> str | None:
        """Return the attribute that its buckets are made of; None: the context's id.

        A serve's attribute buckets its gate as well (docs/decisions/0004-bucket-by-also-buckets-the-gate.md).
        """
        serve = self._rule()["serve"] if self.rule else self.state.fallthrough
        attribute = serve.get("bucket_by")
        return None if attribute in (None, "id") else str(attribute)

    @property
    def buckets(self) -> dict[str, str]:
        """Return what its buckets are made of: when that changes, everybody falls anew."""
        return {"salt": self.state.salt, "bucket_by": self.bucket_by or "id"}

    def __str__(self) -> str:
        return f"the rule “{self._rule().get('name') or self.rule}”" if self.rule else "the default rule"

    def fields_for(self, percentage: Decimal) -> FlagFields:
        """Return the change of the flag that sets the percentage."""
        number = float(percentage)
        if not self.rule:
            return {"rollout_percentage": number}
        rules = [
            {**rule, "rollout_percentage": number} if rule["id"] == self.rule else rule for rule in self.state.rules
        ]
        return {"rules": rules}

    def _rule(self) -> dict[str, Any]:
        for rule in self.state.rules:
            if rule["id"] == self.rule:
                found: dict[str, Any] = rule
                return found
        raise RuleNotFound(f"The flag `{self.state.flag.key}` has no rule `{self.rule}` in {self.state.environment}.")


def state_like(document: Mapping[str, Any], state: FlagState) -> FlagState:
    """Return a flag's state as a document has it, as far as a target reads it."""
    return FlagState(
        flag=state.flag,
        environment=state.environment,
        enabled=document["enabled"],
        salt=document["salt"],
        fallthrough=document["fallthrough"],
        rollout_percentage=Decimal(str(document["rollout_percentage"])),
        rules=document["rules"],
    )
