"""After a step back a query of Prometheus tells of before for a while: nobody acts on it until then."""

from datetime import timedelta

import pytest

from rollouts.guardrails.settling import settling_time
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import boolean, create
from tests.rollouts.conftest import Clock, Start, do, percentage, ramp_of, step
from tests.rollouts.looking import checks, look
from tests.rollouts.prometheus import ABOVE, queries, series
from tests.rollouts.receiver import Receiver

STEP_BACK = {**ABOVE, "then": "step_back"}


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("sum(rate(errors[5m])) / sum(rate(requests[90s]))", 300),
        ("avg_over_time(rate(errors[5m])[10m:1m])", 900),
        ("sum(rate(errors[5m] offset 1m30s))", 390),
        ("errors", 0),
        ('rate(errors{code=~"[45].."}[500ms])', 0.5),
        ("increase(errors[7d])", 3_540),
        ("increase(errors[99999999999999y])", 3_540),
    ],
)
def test_a_query_looks_back_as_long_as_its_ranges_say(query: str, seconds: float) -> None:
    assert settling_time(query) == timedelta(seconds=seconds, minutes=1)


@pytest.mark.django_db
def test_what_a_step_back_has_undone_is_not_undone_again(
    ed: Person, time: Clock, start: Start, prometheus: Receiver, desk: Desk
) -> None:
    create(ed, boolean(rollout_percentage=0))
    prometheus.replies = [series("0.01"), series("0.5")]
    ramp = start(step(10), step(50, after="20s"), step(100, after="1d"), guardrails=[STEP_BACK])
    for _ in range(2):
        look(time)
    look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("paused", 10)
    asked = len(queries(prometheus))
    page = desk.get("rollouts_ramp_change", ramp["id"])
    assert "Not asked until 09:02:20 UTC" in page.content.decode()
    do(ed, "resume")
    for _ in range(10):
        look(time)
    assert (percentage(ed), len(queries(prometheus))) == (10, asked), "its minute is not over, nor that of a scrape"
    assert ramp_of(ed)["next"]["waits_for"] == "guardrail"
    for _ in range(3):
        look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("rolled_back", 0), "harm that goes on is harm at 10 %"
    assert [verdict for verdict, _ in checks(ed)] == ["crossed", "crossed", "healthy"]
