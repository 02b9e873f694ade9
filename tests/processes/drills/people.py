"""Who is at work during a drill: somebody who changes flags, services that ask over REST, and SDKs that decide."""

import threading
from abc import abstractmethod
from collections import Counter
from itertools import count
from typing import Any, Final

import httpx
from flagsite_sdk import FlagClient
from flagsite_sdk.configuration import Change
from flagsite_sdk.status import State, Status

FLAGS: Final = ("flag-0000", "flag-0001", "flag-0002")
"""Those that are changed, and that SDKs decide."""
READ: Final = "flag-0003"
"""What the server is asked for: its own counts do not mix with those that SDKs report."""
USERS: Final = tuple(f"user-{number}" for number in range(20))
AWAY: Final = frozenset({502, 503, 504})
"""What may be answered while something is away; whatever else is no 200 is a problem."""

IMPATIENT: Final[dict[str, Any]] = {
    "backoff_base": 0.05,
    "backoff_cap": 0.5,
    "connect_timeout": 2.0,
    "flush_interval": 0.3,
    "heartbeat_timeout": 3.0,
    "poll_interval": 1.0,
    "request_timeout": 2.0,
}
"""Settings of SDKs that need not be waited for long."""

Decisions = dict[str, dict[str, Any]]
"""What every flag is, for each user."""


class Worker(threading.Thread):
    """Works until it is told to stop; whatever it did not expect is a problem that the drill reports."""

    pause: float = 0.03

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopping = threading.Event()
        self.problems: list[str] = []

    def run(self) -> None:
        while not self.stopping.wait(self.pause):
            try:
                self.work()
            except Exception as problem:  # noqa: BLE001 - the drill looks at them
                self.problems.append(f"{type(self).__name__}: {problem!r}")

    @abstractmethod
    def work(self) -> None:
        """Do one piece of work."""

    def end(self) -> None:
        """Stop, and let go of what is held; a second time does nothing."""
        self.stopping.set()
        self.join(timeout=60)
        if self.is_alive():
            self.problems.append(f"{type(self).__name__} hangs")


class Caller(Worker):
    """Asks over REST; `answers` counts each status and each kind of transport error."""

    def __init__(self, url: str, key: str, *, keeps_alive: bool = True) -> None:
        super().__init__()
        headers = {"Authorization": f"Bearer {key}"} | ({} if keeps_alive else {"Connection": "close"})
        self._api = httpx.Client(base_url=url, headers=headers, timeout=30, trust_env=False)
        self.answers: Counter[str] = Counter()

    @property
    def failed(self) -> int:
        """How many requests had no answer of success."""
        return self.answers.total() - self.answers["200"]

    def ask(self, method: str, path: str, **body: Any) -> httpx.Response | None:
        """Return the answer; None where nobody was there to give one."""
        try:
            answer = self._api.request(method, path, json=body or None)
        except httpx.TransportError as problem:
            self.answers[type(problem).__name__] += 1
            return None
        self.answers[str(answer.status_code)] += 1
        if answer.status_code in AWAY:
            return None
        assert answer.status_code == 200, answer.text
        return answer

    def end(self) -> None:
        super().end()
        self._api.close()


class Writer(Caller):
    """Changes one flag after the other and notes what was acknowledged; each change moves about half of all users."""

    def __init__(self, url: str, key: str, *, keeps_alive: bool = True) -> None:
        super().__init__(url, key, keeps_alive=keeps_alive)
        self._numbers = count(1)
        self.asked: list[str] = []
        self.acknowledged: list[str] = []

    def work(self) -> None:
        self.change()

    def change(self) -> bool:
        """Make one change; tell whether it was acknowledged."""
        number = next(self._numbers)
        name = f"change {number}"
        self.asked.append(name)
        changed = {"salt": name, "rollout_percentage": 50, "comment": name}
        answer = self.ask("PATCH", f"/flags/{FLAGS[number % len(FLAGS)]}", **changed)
        if answer is not None:
            assert answer.json()["salt"] == name
            self.acknowledged.append(name)
        return answer is not None


class Reader(Caller):
    """A service without an SDK, which asks the server what everything is for somebody."""

    def work(self) -> None:
        user = USERS[self.answers.total() % len(USERS)]
        answer = self.ask("POST", "/evaluate", flag_key=READ, context={"id": user})
        assert answer is None or isinstance(answer.json()["value"], bool)


class Decider(Worker):
    """A service with an SDK, which decides all the time, whatever happens to Flagsite."""

    pause = 0.005

    def __init__(self, url: str, key: str, **settings: Any) -> None:
        super().__init__()
        self.client = FlagClient(url, key, **IMPATIENT, **settings)
        self.decided = 0
        self.decided_at_once = 0
        """Likewise, by asking for all flags: by whoever looks on, and so beside the thread that decides."""
        self.revisions: list[int] = []
        self.lost = 0
        """How often it was without news."""
        self.client.on_change(self._note)
        self.client.on_status(self._look)

    def _note(self, change: Change) -> None:
        self.revisions.append(change.revision)

    def _look(self, status: Status) -> None:
        self.lost += status.state is State.RECONNECTING

    def work(self) -> None:
        value = self.client.is_enabled(FLAGS[self.decided % len(FLAGS)], {"id": USERS[self.decided % len(USERS)]})
        self.decided += 1
        assert isinstance(value, bool)

    def end(self) -> None:
        super().end()
        self.client.close()

    @property
    def is_streaming(self) -> bool:
        return self.client.status().state == "streaming"

    def decisions(self) -> Decisions:
        found = decisions_of(self.client)
        self.decided_at_once += sum(key in FLAGS for values in found.values() for key in values)
        return found


def decisions_of(client: FlagClient) -> Decisions:
    """What every flag is, for each user."""
    return {user: {key: found.value for key, found in client.evaluate_all({"id": user}).items()} for user in USERS}


def decisions_by(configuration: bytes) -> Decisions:
    """The same, by a configuration as the server gives it out."""
    with FlagClient("http://127.0.0.1", offline=True, bootstrap=configuration) as client:
        return decisions_of(client)
