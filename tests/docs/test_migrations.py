"""docs/migrate: what its scripts carry over decides as it did where it came from.

`decided_there.json` holds what the published SDKs decided on the same examples; no percentages, because buckets differ.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from flagsite_sdk.testing import StaticClient

from tests.docs.markdown import ROOT

SCRIPTS = ROOT / "docs" / "migrate"
DECIDED = json.loads((Path(__file__).parent / "decided_there.json").read_text())

pytestmark = pytest.mark.usefixtures("scripts")


def _carried(product: str) -> dict[str, Any]:
    command = [sys.executable, f"{SCRIPTS}/from_{product}.py", f"{SCRIPTS}/examples/{product}.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    assert all(sentence in done.stderr for sentence in found["left_out"])
    return found


@pytest.mark.parametrize("product", DECIDED)
def test_what_is_carried_over_decides_as_it_did_there(
    product: str, person: httpx.Client, service: httpx.Client
) -> None:
    from send import send

    lines = list(send(_carried(product), "production", person))
    assert [line for line in lines if "created, version 1" not in line] == []
    wrong = []
    for case in DECIDED[product]["cases"]:
        asked = {"flag_key": case["flag"], "context": case["context"]}
        answer = service.post("/evaluate", json=asked).json()
        if answer.get("value") != case["value"]:
            wrong.append((asked, case["value"], answer))
    assert wrong == []
    assert len(DECIDED[product]["cases"]) > 10


def test_sending_the_same_twice_changes_nothing(person: httpx.Client) -> None:
    from send import send

    carried = _carried("launchdarkly")
    list(send(carried, "production", person))
    again = {line.partition(": ")[2] for line in send(carried, "production", person, change=True)}
    assert again == {"changed, version 1"}


def test_what_is_there_is_not_touched_unless_that_is_wanted(person: httpx.Client) -> None:
    from send import send

    off = {"key": "express", "type": "boolean", "enabled": False}
    list(send({"flags": [off], "segments": []}, "production", person))
    on = {"flags": [{**off, "enabled": True}], "segments": []}
    assert list(send(on, "production", person)) == ["/flags/express: is there, NOT TOUCHED"]
    assert list(send(on, "production", person, change=True)) == ["/flags/express: changed, version 2"]


def test_what_the_server_refuses_is_said(person: httpx.Client) -> None:
    from send import send

    broken = {"key": "broken", "type": "boolean", "off_variation": "nowhere"}
    (line,) = send({"flags": [broken], "segments": []}, "production", person)
    assert line.startswith("/flags/broken: REFUSED")
    assert "nowhere" in line


@pytest.mark.parametrize(
    ("product", "sentence"),
    [
        ("launchdarkly", "segment Beta_Testers: a rule that takes only a share"),
        ("unleash", "onePageCheckout, strategy 3: the strategy applicationHostname"),
        ("growthbook", "items-per-page, rule 0: namespace"),
        ("waffle", "trace_requests: a sample (5.0 %)"),
    ],
)
def test_what_has_no_equal_is_left_out_and_said(product: str, sentence: str) -> None:
    assert [each for each in _carried(product)["left_out"] if each.startswith(sentence)]


@pytest.mark.parametrize(
    ("product", "flag", "share"),
    [
        ("launchdarkly", "express", 12.5),
        ("unleash", "express", 25),
        ("growthbook", "express", 12.5),
        ("waffle", "one_page_checkout", 12.5),
    ],
)
def test_a_percentage_stays_a_percentage(product: str, flag: str, share: float) -> None:
    (found,) = [each for each in _carried(product)["flags"] if each["key"] == flag]
    shares = {found.get("rollout_percentage"), *(rule.get("rollout_percentage") for rule in found["rules"])}
    assert share in shares


def _both(values: dict[str, Any], before: Any, **environ: str) -> Any:
    from both import Both

    return Both(StaticClient(values), before, names={"new-checkout": "new_checkout"}, environ=environ)


def test_the_product_before_serves_until_it_is_told_otherwise() -> None:
    asked: list[tuple[Any, ...]] = []

    def before(name: str, context: Any, default: Any, **asking: Any) -> Any:
        asked.append((name, context["id"], default, asking))
        return False

    both = _both({"new-checkout": True}, before)
    assert both.is_enabled("new-checkout", {"id": "ann"}, request="a request") is False
    assert asked == [("new_checkout", "ann", False, {"request": "a request"})]
    assert both.compared == {("new-checkout", False): 1}


def test_flags_are_switched_one_by_one() -> None:
    values = {"new-checkout": True, "express": True}
    both = _both(values, lambda *_: False, FLAGSITE_SERVES="new-checkout,page-size")
    assert both.is_enabled("new-checkout", {"id": "ann"}) is True
    assert both.is_enabled("express", {"id": "ann"}) is False
    assert _both(values, lambda *_: False, FLAGSITE_SERVES="all").is_enabled("express", {"id": "ann"}) is True


def test_a_difference_is_logged_once_a_minute_without_attributes(caplog: pytest.LogCaptureFixture) -> None:
    both = _both({"new-checkout": True}, lambda *_: False)
    with caplog.at_level(logging.WARNING, "flags.both"):
        for _ in range(3):
            both.is_enabled("new-checkout", {"id": "ann", "email": "ann@example.com"})
    assert caplog.messages == ["new-checkout differs for 'ann': False before, True here (FALLTHROUGH)"]
    assert both.compared["new-checkout", False] == 3


def test_what_flagsite_cannot_decide_is_served_by_the_one_before() -> None:
    both = _both({}, lambda *_: 7, FLAGSITE_SERVES="all", FLAGS_COMPARED="no")
    assert both.evaluate("page-size", {"id": "ann"}, 24) == 7


def test_whoever_serves_alone_is_asked_alone() -> None:
    def before(*_: Any) -> Any:
        raise AssertionError("asked")

    both = _both({"express": True}, before, FLAGSITE_SERVES="all", FLAGS_COMPARED="no")
    assert both.is_enabled("express", {"id": "ann"}) is True
    alone = _both({"express": True}, lambda *_: False, FLAGS_COMPARED="no")
    assert alone.is_enabled("express", {"id": "ann"}) is False
    assert not alone.compared


def test_a_product_that_raises_gives_the_default(caplog: pytest.LogCaptureFixture) -> None:
    def before(*_: Any) -> Any:
        raise TimeoutError

    assert _both({"express": True}, before).is_enabled("express", {"id": "ann"}) is False
    assert "raised for 'express'" in caplog.text
