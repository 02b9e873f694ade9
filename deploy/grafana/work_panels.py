"""Panels of the work behind flags: ramps and their guardrails, Celery, the processes."""

from typing import Final

from deploy.grafana.questions import RATE, Panel, Query, Row, quantile, quantiles, rate

WORK: Final = (
    Row(
        "Ramps",
        (
            Panel(
                "Ramps under way",
                "Those that are not over, by what they are doing.",
                (Query("max by (status) (flagsite_ramps)", "{{status}}"),),
                is_stacked=True,
            ),
            Panel(
                "What happened to ramps",
                "Steps, pauses, rollbacks and so on.",
                (Query(f"sum by (kind) (increase(flagsite_ramp_occurrences_total{RATE}))", "{{kind}}"),),
            ),
            Panel(
                "Overdue steps",
                "Steps whose time has come over a minute ago, by what they wait for.",
                (Query("max by (waits_for) (flagsite_ramp_steps_overdue)", "{{waits_for}}"),),
                is_stacked=True,
            ),
            Panel(
                "Late and slow",
                "95 % of steps were taken, and 95 % of looks at guardrails had their answer, within this time.",
                (
                    Query(quantile(0.95, "flagsite_ramp_step_late_seconds"), "step late"),
                    Query(quantile(0.95, "flagsite_guardrail_check_seconds"), "look at a guardrail"),
                ),
                unit="s",
            ),
            Panel(
                "Guardrail checks",
                "Looks at guardrails per second, by what they found.",
                (Query(rate("flagsite_guardrail_checks_total", by="verdict", labels=""), "{{verdict}}"),),
                unit="ops",
            ),
        ),
    ),
    Row(
        "Celery",
        (
            Panel(
                "Queue",
                "Tasks that wait for a worker.",
                (Query("max by (queue) (flagsite_celery_queue_length)", "{{queue}}"),),
            ),
            Panel(
                "Waiting and working",
                "95 % of tasks waited and took less.",
                (
                    Query(quantile(0.95, "flagsite_celery_wait_seconds", by="task"), "wait: {{task}}"),
                    Query(quantile(0.95, "flagsite_celery_task_seconds", by="task"), "work: {{task}}"),
                ),
                unit="s",
            ),
            Panel(
                "Tasks",
                "Per second, by how they ended.",
                (Query(rate("flagsite_celery_tasks_total", by="task, state", labels=""), "{{task}} {{state}}"),),
                unit="ops",
            ),
            Panel(
                "Notices",
                "Attempts to deliver notices of ramps per second, by what came of them; how many wait.",
                (
                    Query(rate("flagsite_notice_deliveries_total", by="outcome", labels=""), "{{outcome}}"),
                    Query("max(flagsite_notices_waiting)", "waiting"),
                ),
            ),
            Panel(
                "Beat",
                "How late beat sends, and how long ago a worker took its heartbeat.",
                (
                    Query("max(flagsite_beat_lag_seconds)", "lag"),
                    Query("time() - max(flagsite_beat_heartbeat_timestamp_seconds)", "since the last heartbeat"),
                ),
                unit="s",
            ),
        ),
    ),
    Row(
        "Processes",
        (
            Panel(
                "Responses",
                "Per second, by status.",
                (
                    Query(
                        rate("django_http_responses_total_by_status_total", by="status", labels=""),
                        "{{status}}",
                    ),
                ),
                unit="reqps",
            ),
            Panel(
                "Latency of requests",
                "Of all views together.",
                quantiles("django_http_requests_latency_seconds_by_view_method"),
                unit="s",
            ),
            Panel(
                "Up",
                "1 where a process answers Prometheus.",
                (Query('up{job=~"flagsite.*"}', "{{job}} {{instance}}"),),
            ),
        ),
    ),
)
