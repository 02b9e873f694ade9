"""The schedule, for any steps and any looks at the clock: in order, never early, and everything in the end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rollouts.schedule import PlannedStep, furthest_due, waits_for

START = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
MINUTES = st.integers(0, 200)


@st.composite
def plans(draw: st.DrawFn) -> list[PlannedStep]:
    """Steps with delays, and with moments that go up."""
    steps, moment = [], START
    for number in range(draw(st.integers(1, 8))):
        minutes = timedelta(minutes=draw(st.integers(1, 200)))
        held = draw(st.sampled_from((0, 0, 0, 10)))
        if draw(st.booleans()):
            moment += minutes
            steps.append(PlannedStep(Decimal(number + 1), at=moment, min_evaluations=held))
        else:
            steps.append(PlannedStep(Decimal(number + 1), after=minutes, min_evaluations=held))
    return steps


def follow(
    steps: list[PlannedStep], looks: list[datetime], *, evaluations: int = 10
) -> list[tuple[int, datetime, datetime]]:
    """Return which steps are taken when, each with the moment of the one before, by who looks at these moments."""
    taken, position, stepped_at = [], -1, START
    for now in looks:
        if position + 1 == len(steps):
            break
        following = position + 1
        if waits_for(steps[following], stepped_at=stepped_at, now=now, evaluations=evaluations) is None:
            place = furthest_due(steps, following, now=now)
            taken.append((place, now, stepped_at))
            position, stepped_at = place, now
    return taken


def looks(every: list[int]) -> list[datetime]:
    now, found = START, []
    for minutes in every:
        now += timedelta(minutes=minutes)
        found.append(now)
    return found


@given(plans(), st.lists(MINUTES, max_size=30))
def test_steps_are_taken_in_order_and_none_twice(steps: list[PlannedStep], every: list[int]) -> None:
    places = [place for place, _, _ in follow(steps, looks(every))]
    assert places == sorted(set(places))


@given(plans(), st.lists(MINUTES, max_size=30))
def test_no_step_is_taken_early(steps: list[PlannedStep], every: list[int]) -> None:
    for place, now, stepped_at in follow(steps, looks(every)):
        assert steps[place].due_at(stepped_at) <= now


@given(plans(), st.lists(MINUTES, max_size=30))
def test_only_steps_whose_own_moment_has_passed_are_passed_over(steps: list[PlannedStep], every: list[int]) -> None:
    position = -1
    for place, now, _ in follow(steps, looks(every)):
        for passed in steps[position + 2 : place + 1]:
            assert passed.at is not None
            assert passed.at <= now
            assert not passed.holds
        position = place


@given(plans())
def test_who_looks_often_takes_every_step(steps: list[PlannedStep]) -> None:
    taken = follow(steps, looks([1] * 2_000))
    assert [place for place, _, _ in taken][-1] == len(steps) - 1


@given(plans())
def test_without_evaluations_nothing_that_waits_for_them_is_passed(steps: list[PlannedStep]) -> None:
    for place, _, _ in follow(steps, looks([200] * 20), evaluations=0):
        assert all(step.min_evaluations == 0 for step in steps[: place + 1])
