"""Guardrails on a query: what a real server on the loopback answers, and what becomes of the ramp."""

from typing import Any

import orjson
import pytest
from pytest_django import Settings

from rollouts.guardrails.prometheus import MAX_ANSWER
from tests.conftest import Person
from tests.flags.builders import boolean, create
from tests.ports import free_port
from tests.rollouts.conftest import RAMP, Clock, Start, do, percentage, ramp_of, step, told
from tests.rollouts.looking import checks, look
from tests.rollouts.prometheus import ABOVE, ERRORS, nothing_for_long, queries, series, success
from tests.rollouts.receiver import Handler, Receiver, Reply, status

pytestmark = pytest.mark.django_db

BELOW: dict[str, Any] = {"metric": {"prometheus": ERRORS}, "when": {"below": 0.02}}


@pytest.fixture(autouse=True)
def flag(ed: Person) -> None:
    create(ed, boolean(rollout_percentage=0))


def refusal(code: int, kind: str, error: str) -> Reply:
    return status(code, orjson.dumps({"status": "error", "errorType": kind, "error": error}))


def a_byte_at_a_time(handler: Handler) -> None:
    """Begin an answer, and never let it be silent for long."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.is_over.wait(0.05):
        try:
            handler.wfile.write(b" ")
        except OSError:
            return


def hang_up(handler: Handler) -> None:
    handler.connection.close()


@pytest.mark.parametrize(
    ("reply", "guardrail", "verdict", "text"),
    [
        (series("0.01"), ABOVE, "healthy", "0.01; the limit is 0.02."),
        (series("0.02"), ABOVE, "healthy", "0.02; the limit is 0.02."),
        (series("0.5"), ABOVE, "crossed", "0.5; the limit is 0.02."),
        (success("scalar", [1_700_000_000, "0.01"]), ABOVE, "healthy", "0.01; the limit is 0.02."),
        (success("scalar", [1_700_000_000, "0.01"]), BELOW, "crossed", "0.01; the limit is 0.02."),
        (series("+Inf"), ABOVE, "crossed", "inf; the limit is 0.02."),
        (series("-Inf"), ABOVE, "healthy", "-inf; the limit is 0.02."),
        (series("NaN"), ABOVE, "undecided", "The query gives NaN: there is nothing to divide by yet."),
    ],
)
def test_a_number_is_held_against_the_limit(  # noqa: PLR0917 - what is answered, and what follows
    ed: Person,
    time: Clock,
    start: Start,
    prometheus: Receiver,
    reply: Reply,
    guardrail: dict[str, Any],
    verdict: str,
    text: str,
) -> None:
    prometheus.replies = [reply]
    start(step(50), step(100, after="1h"), guardrails=[guardrail])
    look(time)
    assert checks(ed) == [(verdict, text)]
    assert ramp_of(ed)["status"] == ("rolled_back" if verdict == "crossed" else "running")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (series(), "the query matches nothing."),
        (series("0.01", "0.01"), "the query gives several series; aggregate them, as with sum()."),
        (success("matrix", []), "the query gives neither a scalar nor one series."),
        (success("string", [1, "0.01"]), "the query gives neither a scalar nor one series."),
        (success("vector", [{"metric": {}, "histogram": [1, {}]}]), "the query gives neither a scalar nor one series."),
        (success("scalar", [1, "a lot"]), "its value is no number."),
        (refusal(400, "bad_data", "parse error: unclosed \0brace"), "parse error: unclosed brace"),
        (refusal(503, "timeout", "query timed out"), "query timed out"),
        (status(500, b"<h1>Oh no</h1>"), "it answers with status 500, and no JSON."),
        (status(302, Location="https://sso.example/"), "it answers with status 302, and no JSON."),
        (status(200, b'{"status": "success", "data": {"res'), "it answers with status 200, and no JSON."),
        (status(200, b"[" * 10_000), "it answers with status 200, and no JSON."),
        (status(200, b"[]"), "what answers is no Prometheus."),
        (status(200, b'{"status": "success", "data": [1]}'), "what answers is no Prometheus."),
        (status(200, b'{"data": {"resultType": "scalar", "result": [1, "0"]}}'), "what answers is no Prometheus."),
        (status(200, b" " * (MAX_ANSWER + 1)), "its answer is longer than 1,000,000 bytes."),
        (hang_up, "it cannot be reached (RemoteProtocolError)."),
    ],
)
def test_what_gives_no_number_is_silent(  # noqa: PLR0917 - what is answered, and what follows
    ed: Person, time: Clock, start: Start, prometheus: Receiver, reply: Reply, why: str
) -> None:
    prometheus.replies = [reply]
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    look(time)
    assert checks(ed) == [("silent", f"Prometheus gives no number: {why}")]


@pytest.mark.parametrize("reply", [nothing_for_long, a_byte_at_a_time])
def test_what_takes_too_long_is_silent(  # noqa: PLR0917 - what is answered
    ed: Person, time: Clock, start: Start, prometheus: Receiver, settings: Settings, reply: Reply
) -> None:
    settings.PROMETHEUS_TIMEOUT_SECONDS = 0.3
    prometheus.replies = [reply]
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    look(time)
    assert checks(ed) == [("silent", "Prometheus gives no number: no answer within 0.3 s.")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "", "http://[", "gopher://127.0.0.1:{port}"])
def test_nobody_at_the_address_is_silent(
    ed: Person, time: Clock, start: Start, settings: Settings, address: str
) -> None:
    settings.PROMETHEUS_URL = f"http://127.0.0.1:{free_port()}"
    start(step(50), step(100, after="1h"), guardrails=[ABOVE])
    settings.PROMETHEUS_URL = address.format(port=free_port())
    look(time)
    ((verdict, text),) = checks(ed)
    assert (verdict, text[:49]) == ("silent", "Prometheus gives no number: it cannot be reached ")


def test_flag_environment_and_percentage_are_filled_in_and_what_is_prometheus_own_stays(
    time: Clock, start: Start, prometheus: Receiver
) -> None:
    prometheus.replies = [series("0")]
    own = 'label_replace(up{flag="$flag",on=~"$environment$"}, "a", "$1", "b", "(.*)") > $percentage + $flags'
    start(step(12.5), step(100, after="1h"), guardrails=[{**ABOVE, "metric": {"prometheus": own}}])
    look(time)
    assert queries(prometheus) == [
        'label_replace(up{flag="checkout",on=~"production$"}, "a", "$1", "b", "(.*)") > 12.5 + $flags'
    ]
    assert prometheus.received[0].path == "/api/v1/query"


def test_a_ramp_is_rolled_back_by_a_number_past_the_limit(
    ed: Person, time: Clock, start: Start, prometheus: Receiver
) -> None:
    prometheus.replies = [series("0.01"), series("0.03")]
    start(step(10), step(50, after="1h"), guardrails=[ABOVE])
    look(time)
    assert percentage(ed) == 10
    look(time)
    assert (percentage(ed), ramp_of(ed)["status"]) == (0, "rolled_back")
    assert told(ed)[-1] == "Rolled back to 0 %: 0.03; the limit is 0.02."


def test_a_source_that_does_not_answer_holds_the_step_back_at_once_and_the_ramp_after_its_grace(
    ed: Person, time: Clock, start: Start, prometheus: Receiver, settings: Settings
) -> None:
    settings.GUARDRAIL_GRACE_SECONDS = 60
    prometheus.replies = [series("0.01"), status(502)]
    start(step(10), step(50, after="25s"), guardrails=[ABOVE])
    for _ in range(3):
        look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("running", 10), "the step is due, and held back"
    for _ in range(4):
        look(time)
    assert (ramp_of(ed)["status"], percentage(ed)) == ("running", 10)
    look(time)
    ramp = ramp_of(ed)
    assert (ramp["status"], percentage(ed)) == ("paused", 10)
    assert ramp["reason"].endswith(
        "does not answer. Prometheus gives no number: it answers with status 502, and no JSON."
    )
    assert {verdict for verdict, _ in checks(ed)[:-1]} == {"silent"}


def test_the_silence_is_forgotten_when_it_answers_again(
    ed: Person, time: Clock, start: Start, prometheus: Receiver, settings: Settings
) -> None:
    settings.GUARDRAIL_GRACE_SECONDS = 60
    start(step(10), step(50, after="55s"), step(100, after="1h"), guardrails=[ABOVE])
    for reply in (status(502), series("0.01"), status(502)):
        prometheus.replies = [reply]
        for _ in range(5):
            look(time)
        assert ramp_of(ed)["status"] == "running", "never silent for the whole of its grace"
    assert percentage(ed) == 50, "taken while it answered"


def test_a_step_that_was_held_back_by_silence_is_taken_when_it_answers_again_and_says_that_it_is_late(
    ed: Person, time: Clock, start: Start, prometheus: Receiver
) -> None:
    prometheus.replies = [status(502)]
    start(step(10), step(50, after="15s"), guardrails=[ABOVE])
    for _ in range(12):
        look(time)
    assert percentage(ed) == 10
    prometheus.replies = [series("0.01")]
    look(time)
    assert percentage(ed) == 50
    assert "Step 2 of 2: 50 %, 1 min 55 s late" in told(ed)


def test_a_ramp_paused_for_silence_goes_on_when_somebody_resumes_it_and_the_source_answers(
    ed: Person, time: Clock, start: Start, prometheus: Receiver, settings: Settings
) -> None:
    settings.GUARDRAIL_GRACE_SECONDS = 0
    prometheus.replies = [status(502)]
    start(step(10), step(50, after="1h"), guardrails=[ABOVE])
    look(time)
    assert ramp_of(ed)["status"] == "paused"
    prometheus.replies = [series("0.01")]
    look(time)
    assert ramp_of(ed)["status"] == "paused", "a person decides"
    do(ed, "resume")
    time.passes("1h")
    look(time)
    assert percentage(ed) == 50


def test_a_look_that_fails_by_a_mistake_of_ours_is_silence_as_well(
    ed: Person, time: Clock, start: Start, prometheus: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    prometheus.replies = [series("0.01")]
    monkeypatch.setattr("rollouts.guardrails.prometheus.judge_figure", None)
    start(step(10), step(50, after="15s"), guardrails=[ABOVE])
    for _ in range(3):
        look(time)
    assert checks(ed)[0] == ("silent", "Looking at it failed (TypeError); the worker's log says why.")
    assert percentage(ed) == 10


def test_silence_of_one_source_keeps_no_other_from_rolling_back(
    ed: Person, time: Clock, start: Start, prometheus: Receiver
) -> None:
    prometheus.replies = [status(502), series("0.5")]
    start(step(10), step(50, after="1h"), guardrails=[ABOVE, {**ABOVE, "name": "latency"}])
    look(time)
    assert ramp_of(ed)["status"] == "rolled_back"


def test_an_installation_without_prometheus_refuses_the_guardrail(ed: Person, settings: Settings) -> None:
    settings.PROMETHEUS_URL = ""
    response = ed.client().post(RAMP, {"steps": [step(10)], "guardrails": [ABOVE]})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {
            "path": "guardrails[0].metric.prometheus",
            "message": "This installation knows no Prometheus: set PROMETHEUS_URL.",
        }
    ]
