"""docs/explanation/guardrail-statistics.md: its example and its small table are what the functions say."""

from pathlib import Path

import pytest

from rollouts.guardrails.watch import DEFAULT_FALSE_ALARMS
from rollouts.statistics import Stage, evidence, evidence_needed, is_alarm
from tests.docs.markdown import page, rows

PAGE = page("docs/explanation/guardrail-statistics.md")
CHOICE = list(rows(PAGE.section("How to choose the share of false alarms")))


def failing_users_until_an_alarm(share_of_false_alarms: float) -> int:
    """Two in three are inside, at 50 %."""
    users = 1
    while not is_alarm(
        evidence([Stage(0.5, round(users * 2 / 3), users - round(users * 2 / 3))]), false_alarms=share_of_false_alarms
    ):
        users += 1
    return users


def test_the_example_has_the_evidence_that_is_told() -> None:
    example = " ".join(PAGE.section("An example").split())
    assert "60 users had a failed payment: 17 of them have the new checkout, 43 have the old one" in example
    needed = evidence_needed(DEFAULT_FALSE_ALARMS)
    enough, too_little = (evidence([Stage(0.1, inside, 60 - inside)]) for inside in (17, 16))
    assert too_little < needed < enough
    assert f"an alarm at {needed:.0f}, and these 60 users give {enough:.0f}: " in example
    assert f"With 16 of them inside it would be {too_little:.0f}, " in example


@pytest.mark.parametrize("row", CHOICE, ids=lambda row: row[0])
def test_a_share_of_false_alarms_takes_the_evidence_and_the_users_that_are_told(row: list[str]) -> None:
    share = float(row[0].split(" ")[0]) / 100
    assert row[1:] == [f"{evidence_needed(share):,.0f}", str(failing_users_until_an_alarm(share))]


def test_the_tables_and_the_picture_are_there() -> None:
    assert len(list(rows(PAGE.section("Measured")))) > 20
    assert (Path(PAGE.path).parent / "../images/guardrail-power.svg").read_text().startswith("<svg")
