"""What trips an alert, and what does not, by promtool's own clock: a table of series, and which alerts fire of them."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.deploy.prometheus import CONFIGURATION, needs_prometheus, promtool_finds
from tests.docs.markdown import page

pytestmark = needs_prometheus

SHOP = 'project="shop", environment="production"'
HEALTHY = {
    'up{job="flagsite-web", instance="a"}': "1x60",
    'django_http_responses_total_by_status_total{status="200"}': "0+6000x60",
    'django_http_responses_total_by_status_total{status="500"}': "0+6x60",
    f'flagsite_evaluations_total{{{SHOP}, flag="sale", variation="on"}}': "0+60000x60",
    f'flagsite_evaluation_errors_total{{{SHOP}, flag="typo", code="FLAG_NOT_FOUND"}}': "0+6x60",
    f'flagsite_update_latency_seconds_bucket{{{SHOP}, source="stream", le="0.1"}}': "0+100x60",
    f'flagsite_update_latency_seconds_bucket{{{SHOP}, source="stream", le="+Inf"}}': "0+100x60",
    f'flagsite_stream_revisions_behind{{{SHOP}, instance="a"}}': "0 1 0 0 2 0 0x54",
    'flagsite_stream_unchecked_seconds{instance="a"}': "1x60",
    f'flagsite_stream_connects_total{{{SHOP}, kind="returning"}}': "0+1x60",
    f"flagsite_sdk_connections{{{SHOP}}}": "100x60",
    'flagsite_stream_refusals_total{status="401"}': "0+600x60",
    'flagsite_stream_refusals_total{status="503"}': "0x20 0+300x5 1500x34",
    f"flagsite_stream_slow_sends_total{{{SHOP}}}": "0+1x60",
    "flagsite_announcements_dropped_total": "0x60",
    'flagsite_records_dropped_total{reason="full"}': "0x60",
    'flagsite_records_dropped_total{reason="too_many_at_once"}': "0+1000x60",
    f'flagsite_reports_total{{{SHOP}, result="taken"}}': "0+600x60",
    f'flagsite_reports_total{{{SHOP}, result="repeated"}}': "0+6x60",
    f'flagsite_reports_total{{{SHOP}, result="invalid"}}': "0x60",
    'flagsite_celery_queue_length{queue="celery"}': "3x60",
    "flagsite_beat_heartbeat_timestamp_seconds": "0+60x60",
    "flagsite_beat_lag_seconds": "0.2x60",
    'flagsite_celery_tasks_total{task="a", state="FAILURE"}': "0x60",
    'flagsite_notice_deliveries_total{outcome="failed"}': "0x60",
    'flagsite_notice_deliveries_total{outcome="retried"}': "0+1x60",
    "flagsite_notices_waiting": "3x60",
    "flagsite_ramp_step_late_seconds_count": "0+1x60",
    'flagsite_ramp_step_late_seconds_bucket{le="300.0"}': "0+1x60",
    'flagsite_ramp_steps_overdue{waits_for="nothing"}': "0x30 1x3 0x26",
    'flagsite_ramp_steps_overdue{waits_for="guardrail"}': "0x60",
    'flagsite_ramp_steps_overdue{waits_for="evaluations"}': "2x60",
    'flagsite_guardrail_checks_total{verdict="healthy"}': "0+6x60",
    'flagsite_guardrail_checks_total{verdict="silent"}': "0x20 1x20 2x18",
    'flagsite_ramp_occurrences_total{kind="step"}': "0+1x60",
    'flagsite_ramp_occurrences_total{kind="rolled_back"}': "0x60",
}
"""An hour, a sample a minute."""
HEARTBEATS = ("flagsite_beat_heartbeat_timestamp_seconds", "flagsite_beat_lag_seconds")

TROUBLE = {
    "FlagsiteProcessDown": {'up{job="flagsite-web", instance="a"}': "1x30 0x29"},
    "FlagsiteServerErrors": {'django_http_responses_total_by_status_total{status="500"}': "0+600x60"},
    "FlagsiteEvaluationErrors": {f'flagsite_evaluation_errors_total{{{SHOP}, flag="x", code="GENERAL"}}': "0+50x60"}
    | {f'flagsite_evaluations_total{{{SHOP}, flag="sale", variation="on"}}': "0+600x60"},
    "FlagsiteFlagFails": {f'flagsite_evaluation_errors_total{{{SHOP}, flag="typo", code="FLAG_NOT_FOUND"}}': "0+90x60"},
    "FlagsiteUpdatesSlow": {f'flagsite_update_latency_seconds_bucket{{{SHOP}, source="stream", le="0.1"}}': "0+90x60"}
    | {f'flagsite_update_latency_seconds_bucket{{{SHOP}, source="stream", le="5.0"}}': "0+100x60"},
    "FlagsiteStreamBehind": {f'flagsite_stream_revisions_behind{{{SHOP}, instance="a"}}': "0x50 1x10"},
    "FlagsiteStreamUnchecked": {'flagsite_stream_unchecked_seconds{instance="a"}': "0+60x60"},
    "FlagsiteReconnects": {f'flagsite_stream_connects_total{{{SHOP}, kind="returning"}}': "0+200x60"},
    "FlagsiteStreamRefuses": {'flagsite_stream_refusals_total{status="503"}': "0+60x60"},
    "FlagsiteSlowClients": {f"flagsite_stream_slow_sends_total{{{SHOP}}}": "0+60x60"},
    "FlagsiteAnnouncementsDropped": {"flagsite_announcements_dropped_total": "0x40 0+1x20"},
    "FlagsiteNotRecorded": {'flagsite_records_dropped_total{reason="full"}': "0x40 0+1x20"},
    "FlagsiteReportsRefused": {f'flagsite_reports_total{{{SHOP}, result="invalid"}}': "0x50 0+1x9"},
    "FlagsiteLabelsFull": {f'flagsite_evaluations_total{{{SHOP}, flag="(other)", variation="(other)"}}': "0+1x60"},
    "FlagsiteQueueGrows": {'flagsite_celery_queue_length{queue="celery"}': "0+5x60"},
    "FlagsiteBeatSilent": {"flagsite_beat_heartbeat_timestamp_seconds": "0+60x50 3000x9"},
    "FlagsiteBeatLate": {"flagsite_beat_lag_seconds": "20x60"},
    "FlagsiteNoticesFail": {'flagsite_notice_deliveries_total{outcome="failed"}': "0x40 0+1x20"},
    "FlagsiteNoticesWait": {"flagsite_notices_waiting": "1500x60"},
    "FlagsiteTasksFail": {'flagsite_celery_tasks_total{task="a", state="FAILURE"}': "0x40 0+1x20"},
    "FlagsiteRampLate": {'flagsite_ramp_step_late_seconds_bucket{le="300.0"}': "0+1x50 50x9"},
    "FlagsiteRampOverdue": {'flagsite_ramp_steps_overdue{waits_for="guardrail"}': "0x50 1x9"},
    "FlagsiteGuardrailSilent": {
        'flagsite_guardrail_checks_total{verdict="silent"}': "0x50 0+6x9"
    },  # for minutes, not once
    "FlagsiteRampRolledBack": {'flagsite_ramp_occurrences_total{kind="rolled_back"}': "0x50 1x10"},
}
"""What is otherwise than on a healthy site when the alert is to fire."""


def firing(directory: Path, series: Mapping[str, str], alerts: list[str]) -> None:
    """Let promtool evaluate the rules over the series for 59 minutes; fails unless exactly these alerts fire."""
    found = 'sort(count by (alertname) (ALERTS{alertstate="firing"}))'
    samples = [(f'{{alertname="{name}"}}', 1) for name in alerts]
    promtool_finds(directory, series, found, samples, rules=[CONFIGURATION / "flagsite.rules.yml"])


def test_nothing_fires_on_a_healthy_site(tmp_path: Path) -> None:
    firing(tmp_path, HEALTHY, [])


@pytest.mark.parametrize("alert", TROUBLE)
def test_an_alert_fires_when_there_is_its_trouble_and_no_other_does(alert: str, tmp_path: Path) -> None:
    firing(tmp_path, HEALTHY | TROUBLE[alert], [alert])


def test_it_is_noticed_when_nothing_works_and_so_nothing_counts_what_does(tmp_path: Path) -> None:
    """A series that does not exist compares with nothing: not one success, not one heartbeat."""
    gone = (f'flagsite_evaluations_total{{{SHOP}, flag="sale", variation="on"}}', *HEARTBEATS)
    left = {name: values for name, values in HEALTHY.items() if name not in gone}
    firing(tmp_path, left, ["FlagsiteBeatSilent", "FlagsiteEvaluationErrors"])


def test_every_alert_is_tried() -> None:
    text = (CONFIGURATION / "flagsite.rules.yml").read_text()
    assert [line.split()[-1] for line in text.splitlines() if "- alert:" in line] == list(TROUBLE)


def test_promtool_finds_nothing_wrong() -> None:
    for what, file in (("config", "prometheus.yml"), ("rules", "flagsite.rules.yml")):
        command = ["promtool", "check", what, str(CONFIGURATION / file)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_has_its_place_in_the_runbook() -> None:
    text = (CONFIGURATION / "flagsite.rules.yml").read_text()
    alerts = re.findall(r"alert: (\w+)", text)
    runbooks = re.findall(r"runbook: (\S+)", text)
    assert runbooks == [f"docs/how-to/monitor-flagsite.md#{alert.lower()}" for alert in alerts]
    assert {alert.lower() for alert in alerts} <= page("docs/how-to/monitor-flagsite.md").anchors


def test_every_place_in_the_runbook_begins_with_a_question_that_prometheus_understands(tmp_path: Path) -> None:
    runbook = page("docs/how-to/monitor-flagsite.md")
    alerts = re.findall(r"alert: (\w+)", (CONFIGURATION / "flagsite.rules.yml").read_text())
    asked = {alert: re.findall(r"^ask '(.+)'$", runbook.section(alert), re.MULTILINE) for alert in alerts}
    assert [alert for alert, questions in asked.items() if not questions] == []
    questions = sorted({each for several in asked.values() for each in several})
    rules = [{"record": f"question:{number}", "expr": each} for number, each in enumerate(questions)]
    file = tmp_path / "questions.yml"
    file.write_text(json.dumps({"groups": [{"name": "questions", "rules": rules}]}))
    command = ["promtool", "check", "rules", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    known = page("docs/reference/metrics.md").text
    named = {name for each in questions for name in re.findall(r"\b(?:flagsite|django)_\w+", each)}
    kinds = re.compile(r"_(bucket|sum|count)$")
    assert sorted(name for name in named if kinds.sub("", name).removesuffix("_") not in known) == []
