"""Several threads: exact counts, and answers of one revision, while deltas arrive."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flagsite_sdk.engine import Snapshot
from flagsite_sdk.engine.counting import MOST_ERRORS, Count, Counters
from flagsite_sdk.engine.result import Reason

from sdk_python.tests.engine.environments import Json, boolean, environment, holding, rule

EACH = 4_000
ALICE = {"id": "alice"}


@pytest.fixture
def _often_switching() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def together(*work: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def run(one: Callable[[], None]) -> None:
        try:
            one()
        except BaseException as error:  # noqa: BLE001  # told to the test
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def total(taken: list[Count]) -> Counter[tuple[str, str | None, Reason]]:
    counted: Counter[tuple[str, str | None, Reason]] = Counter()
    for one in taken:
        counted[one.flag, one.variation, one.reason] += one.count
    return counted


@pytest.mark.usefixtures("_often_switching")
def test_eight_threads_count_exactly_while_deltas_arrive() -> None:
    snapshot = holding({"f": boolean(), "g": boolean()})
    taken: list[Count] = []
    done = threading.Event()
    served: list[Counter[tuple[str, str | None, Reason]]] = []

    def serve() -> None:
        mine: Counter[tuple[str, str | None, Reason]] = Counter()
        for number in range(EACH):
            key = "f" if number % 3 else "g"
            outcome = snapshot.table[key](ALICE)
            next(outcome.counter)
            mine[key, outcome.variation, outcome.reason] += 1
        served.append(mine)

    def change() -> None:
        revision = 1
        while not done.is_set():
            flag = boolean(enabled=bool(revision % 2))
            delta = {"since": revision, "revision": revision + 1, "flags": {"f": flag}}
            assert snapshot.apply(json.dumps(delta).encode())
            revision += 1
            taken.extend(snapshot.take_counts())

    changing = threading.Thread(target=change)
    changing.start()
    together(*[serve] * 8)
    done.set()
    changing.join()
    taken += snapshot.take_counts()
    assert total(taken) == sum(served, Counter())
    assert total(taken).total() == 8 * EACH
    assert snapshot.take_counts() == []


@pytest.mark.usefixtures("_often_switching")
def test_all_flags_and_single_answers_are_of_one_revision_while_deltas_arrive() -> None:
    keys = [f"f{number}" for number in range(30)]

    def document(revision: int) -> Json:
        off = boolean(enabled=bool(revision % 2))
        return dict.fromkeys(keys, off) | {"needs": boolean(prerequisites=[{"flag": "f0", "variation": "on"}])}

    snapshot = Snapshot(clock=lambda: 0.0)
    snapshot.replace(environment(document(1)))
    done = threading.Event()

    def change() -> None:
        for revision in range(1, 120):
            delta = {"since": revision, "revision": revision + 1, "flags": document(revision + 1)}
            snapshot.apply(json.dumps(delta).encode())
        done.set()

    def look() -> None:
        while not done.is_set():
            found = snapshot.evaluate_all(ALICE)
            assert len({one.revision for one in found.values()}) == 1
            on = bool(found["f0"].revision % 2)
            assert {one.value for one in found.values()} == {on}
            one = snapshot.detail("f7", ALICE)
            assert one.value is bool(one.revision % 2)

    together(change, look, look)


def test_a_reader_waits_for_a_change_that_never_seems_to_end() -> None:
    snapshot = holding({"f": boolean()})
    snapshot._generation += 1  # as if a change were being applied
    assert snapshot.detail("f", ALICE).value is True


def test_a_reader_looks_again_when_something_changed_meanwhile() -> None:
    snapshot = holding({"f": boolean()})
    looked = []

    def look() -> int:
        looked.append(snapshot.revision)
        if len(looked) == 1:
            snapshot.apply(json.dumps({"since": 1, "revision": 2}).encode())
        return snapshot.revision

    assert snapshot.consistently(look) == 2
    assert looked == [1, 2]


def test_two_threads_that_ask_first_get_the_same_decision() -> None:
    snapshot = holding({"f": boolean()})
    compiled = snapshot._linker.link("f", snapshot._table)
    assert snapshot._linker.link("f", snapshot._table) is compiled


def test_counts_outlive_the_flag_and_its_changes() -> None:
    snapshot = holding({"f": boolean(rules=[rule({"everyone": True})])})
    old = snapshot.table["f"](ALICE)
    next(old.counter)
    snapshot.apply(json.dumps({"since": 1, "revision": 2, "flags": {"f": None}}).encode())
    next(old.counter)  # somebody still held it
    assert snapshot.take_counts() == [Count("f", "on", Reason.RULE_MATCH, 2)]
    snapshot.apply(json.dumps({"since": 2, "revision": 3, "flags": {"f": boolean()}}).encode())
    assert snapshot.detail("f", ALICE).value is True
    assert snapshot.take_counts() == [Count("f", "on", Reason.FALLTHROUGH, 1)]


def test_details_and_their_errors_are_counted_and_explanations_are_not() -> None:
    snapshot = holding({"f": boolean(), "bad": {}})
    for key, context in (("f", ALICE), ("f", {}), ("bad", ALICE), ("none", ALICE), ("none", ALICE)):
        snapshot.detail(key, context)
    snapshot.explain("f", ALICE, now=0.0)
    snapshot.evaluate_all(ALICE)
    assert total(snapshot.take_counts()) == {
        ("f", "on", Reason.FALLTHROUGH): 1,
        ("f", None, Reason.ERROR): 1,
        ("bad", None, Reason.ERROR): 1,
        ("none", None, Reason.ERROR): 2,
    }


def test_made_up_keys_do_not_fill_the_memory() -> None:
    counters = Counters(threading.RLock())
    for number in range(MOST_ERRORS + 100):
        counters.tick(f"made-up-{number}", None, Reason.ERROR)
    counters.tick("x" * 200, None, Reason.ERROR)
    counters.tick(["no", "key"], None, Reason.ERROR)
    counters.tick("made-up-0", None, Reason.ERROR)
    taken = counters.take()
    assert len(taken) == MOST_ERRORS
    assert taken[0].count == 2


def test_keys_that_are_too_long_take_no_room_of_others() -> None:
    counters = Counters(threading.RLock())
    for number in range(MOST_ERRORS + 1):
        counters.tick("x" * 200 + str(number), None, Reason.ERROR)
    counters.tick("missing", None, Reason.ERROR)
    assert counters.take() == [Count("missing", None, Reason.ERROR, 1)]
