"""A clock that tests set, ramps in few words, a flag with an editor at the admin, and a receiver of notices."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from accounts.models import Environment, Project
from flags.models import EvaluationCount, Flag
from flagsite.lib import clock
from flagsite.lib.moments import duration_of
from rollouts.models import Ramp
from rollouts.services import advance_due
from tests.conftest import Person
from tests.desk import Desk
from tests.flags.builders import PRODUCTION, Json, boolean, create, make
from tests.rollouts.occurrences import running_ramp
from tests.rollouts.receiver import LOOPBACK, Receiver, receiving
from tests.rollouts.users import Users

RAMP = f"/flags/checkout/ramp{PRODUCTION}"
NINE = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


class Clock:
    """The server's clock, which moves only when somebody says so; ramps are moved whenever it does."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def passes(self, duration: str, *, unattended: bool = False) -> int:
        """Let so much time pass, and the scheduler look once; `unattended`: the scheduler is away."""
        passed = duration_of(duration)
        assert passed is not None
        self.now += passed
        return 0 if unattended else advance_due()

    def in_(self, duration: str) -> str:
        """Return the moment after so much time, as the API takes it."""
        passed = duration_of(duration) or timedelta(0)
        return (self.now + passed).isoformat()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nine o'clock, until somebody says otherwise."""
    held = Clock(NINE)
    monkeypatch.setattr(clock, "now", held)
    return held


@pytest.fixture
def desk(ed: Person) -> Desk:
    """The admin, with an editor."""
    return Desk(ed)


@pytest.fixture
def sale(shop: Project) -> Flag:
    """A flag that is on for everybody in production."""
    return make(shop, "sale")


Start = Callable[..., Json]


@pytest.fixture
def start(ed: Person, time: Clock) -> Start:
    """Start a ramp of the flag `checkout` in production, as Ed."""

    def start_ramp(*steps: Json, **fields: Any) -> Json:
        body = {**({"steps": list(steps)} if steps else {}), **fields}
        response = ed.client().post(RAMP, body)
        assert response.status_code == 201, response.content
        started: Json = response.json()
        return started

    return start_ramp


@pytest.fixture
def users(ed: Person, sdk: APIClient, time: Clock) -> Users:
    """Users of the flag `checkout`, which lets nobody in yet and whose buckets are known."""
    flag = create(ed, boolean(rollout_percentage=0, salt="pepper"))
    return Users(sdk, flag["salt"])


CountEvaluations = Callable[[int], None]


@pytest.fixture
def count_evaluations(production: Environment, time: Clock) -> CountEvaluations:
    """Count so many evaluations of the flag in the present minute."""

    def count(number: int) -> None:
        minute = time.now.replace(second=0, microsecond=0)
        row, _ = EvaluationCount.objects.get_or_create(
            environment=production,
            flag_key="checkout",
            variation="on",
            reason="FALLTHROUGH",
            minute=minute,
            defaults={"count": 0},
        )
        row.count += number
        row.save()

    return count


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A receiver of webhooks, on a network that is allowed."""
    settings.WEBHOOK_ALLOWED_NETWORKS = LOOPBACK
    with receiving() as found:
        yield found


@pytest.fixture
def prometheus(settings: Settings) -> Iterator[Receiver]:
    """What stands for a Prometheus; it answers as `replies` says."""
    with receiving() as running:
        settings.PROMETHEUS_URL = f"http://127.0.0.1:{running.port}/"
        yield running


@pytest.fixture
def ramp(shop: Project, production: Environment) -> Ramp:
    """A ramp of the flag `checkout` in production, as a row that nobody moves."""
    return running_ramp(shop, production)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass from the real moment on: signatures of another year would not be believed."""
    held = Clock(clock.now())
    monkeypatch.setattr(clock, "now", held)

    def pass_by(span: timedelta) -> None:
        held.now += span

    return pass_by


def step(percentage: float, **fields: Any) -> Json:
    return {"percentage": percentage, **fields}


def ramp_of(person: Person) -> Json:
    response = person.client().get(RAMP)
    assert response.status_code == 200, response.content
    found: Json = response.json()
    return found


def told(person: Person) -> list[str]:
    """Return what happened to the ramp, in its words."""
    return [each["text"] for each in ramp_of(person)["log"]]


def do(person: Person, what: str, **body: Any) -> Json:
    response = person.client().post(f"/flags/checkout/ramp/{what}{PRODUCTION}", body)
    assert response.status_code == 200, response.content
    done: Json = response.json()
    return done


def percentage(person: Person) -> float:
    """Return whom the flag's default rule lets in now."""
    found: float = person.client().get(f"/flags/checkout{PRODUCTION}").json()["rollout_percentage"]
    return found
