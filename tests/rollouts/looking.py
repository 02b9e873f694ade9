"""Looking at guardrails as beat and a worker do, and what was found."""

from rollouts.services import ask_prometheus, check_ramp, claim_checks
from tests.conftest import Person
from tests.flags.builders import PRODUCTION
from tests.rollouts.conftest import Clock


def look(time: Clock) -> None:
    """Let ten seconds pass and the guardrails be looked at, as beat and a worker would, and the scheduler after."""
    time.passes("10s")
    look_at_due()
    time.passes("0s")


def look_at_due() -> int:
    """Look at what is due for it; return at how many ramps' events, and how often Prometheus was asked."""
    claimed = claim_checks()
    for pk in claimed:
        check_ramp(pk)
    return len(claimed) + ask_prometheus()


def checks(person: Person) -> list[tuple[str, str]]:
    found = person.client().get(f"/flags/checkout/ramp/checks{PRODUCTION}").json()["results"]
    return [(each["verdict"], each["text"]) for each in found]
