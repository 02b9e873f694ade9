"""Panels of what flags do: evaluations, updates, the stream, snapshots and reports."""

from typing import Final

from deploy.grafana.questions import RATE, WHERE, Panel, Query, Row, quantiles, rate

_EVALUATIONS: Final = "flagsite_evaluations_total"
_ERRORS: Final = "flagsite_evaluation_errors_total"
_FAILED, _DECIDED = (f"(sum(rate({metric}{{{WHERE}}}{RATE})) or vector(0))" for metric in (_ERRORS, _EVALUATIONS))
"""How many a second. Where nothing has ever failed, or nothing else happens, there is no such series: that is none."""

FLAGS: Final = (
    Row(
        "What is evaluated",
        (
            Panel(
                "Evaluations",
                "Per second, decided on the server or by SDKs, which report every 10 s.",
                (Query(rate(_EVALUATIONS, by="source"), "{{source}}"),),
                unit="ops",
                is_stacked=True,
            ),
            Panel(
                "Share of errors",
                "Evaluations that gave the caller's default; nothing when there were no evaluations.",
                (Query(f"{_FAILED} / ({_FAILED} + {_DECIDED})", "errors"),),
                unit="percentunit",
            ),
            Panel(
                "Top flags by volume",
                "The ten that are asked for most, per second.",
                (Query(f"topk(10, {rate(_EVALUATIONS, by='flag')})", "{{flag}}"),),
                unit="ops",
            ),
            Panel(
                "Errors by flag",
                "The ten that fail most, per second, and of what.",
                (Query(f"topk(10, {rate(_ERRORS, by='flag, code')})", "{{flag}} {{code}}"),),
                unit="ops",
            ),
            Panel(
                "Variations",
                "What the most asked flags serve, per second.",
                (Query(f"topk(20, {rate(_EVALUATIONS, by='flag, variation')})", "{{flag}} {{variation}}"),),
                unit="ops",
            ),
            Panel(
                "Reasons",
                "Why flags decided as they did, per second.",
                (Query(rate(_EVALUATIONS, by="reason"), "{{reason}}"),),
                unit="ops",
                is_stacked=True,
            ),
        ),
    ),
    Row(
        "Updates",
        (
            Panel(
                "Update latency",
                "From a revision's creation until SDKs had applied it, as they report it.",
                quantiles("flagsite_update_latency_seconds", WHERE),
                unit="s",
            ),
            Panel(
                "Updates applied",
                "Per second, over the stream or by polling.",
                (Query(rate("flagsite_update_latency_seconds_count", by="source"), "{{source}}"),),
                unit="ops",
            ),
            Panel(
                "Publish to announce",
                "From a revision's creation to its announcement, on the server.",
                quantiles("flagsite_publish_announce_seconds"),
                unit="s",
            ),
            Panel(
                "Revisions published",
                "Per second, by environment.",
                (Query(rate("flagsite_revisions_total", by="project, environment"), "{{project}} {{environment}}"),),
                unit="ops",
            ),
        ),
    ),
    Row(
        "Stream",
        (
            Panel(
                "SDKs connected",
                "By environment.",
                (
                    Query(
                        f"sum by (project, environment) (flagsite_sdk_connections{{{WHERE}}})",
                        "{{project}} {{environment}}",
                    ),
                ),
                is_stacked=True,
            ),
            Panel(
                "Connects and disconnects",
                "Per second. Many that return at once are a restart, or a network that breaks.",
                (
                    Query(rate("flagsite_stream_connects_total", by="kind"), "connect: {{kind}}"),
                    Query(rate("flagsite_stream_disconnects_total", by="cause", labels=""), "disconnect: {{cause}}"),
                ),
                unit="ops",
            ),
            Panel(
                "Age of the revision",
                "How long ago what SDKs are sent was made: when the environment last changed.",
                (
                    Query(
                        f"max by (project, environment) (flagsite_stream_revision_age_seconds{{{WHERE}}})",
                        "{{project}} {{environment}}",
                    ),
                ),
                unit="s",
            ),
            Panel(
                "Behind",
                "Revisions that streams have still to send, and seconds since they last asked the database.",
                (
                    Query(
                        f"max by (project, environment) (flagsite_stream_revisions_behind{{{WHERE}}})",
                        "{{project}} {{environment}}: revisions",
                    ),
                    Query("max by (instance) (flagsite_stream_unchecked_seconds)", "{{instance}}: seconds"),
                ),
            ),
            Panel(
                "Trouble",
                "Per second: messages that waited for slow clients, rounds of the stream that failed, announcements "
                "that Redis did not take.",
                (
                    Query(rate("flagsite_stream_slow_sends_total", by="environment"), "slow: {{environment}}"),
                    Query(rate("flagsite_stream_failures_total", by="work", labels=""), "failed: {{work}}"),
                    Query(f"sum(rate(flagsite_announcements_dropped_total{RATE}))", "not announced"),
                ),
                unit="ops",
            ),
            Panel(
                "Messages",
                "Sent to SDKs per second.",
                (Query(rate("flagsite_stream_messages_total", by="kind", labels=""), "{{kind}}"),),
                unit="ops",
            ),
            Panel(
                "Refused",
                "Handshakes per second that were refused, by the status of the answer; 503 is a process that is full.",
                (Query(rate("flagsite_stream_refusals_total", by="status", labels=""), "{{status}}"),),
                unit="ops",
            ),
            Panel(
                "Waiting for a snapshot",
                "SDKs that are connected and wait for their turn, because so many want everything at once.",
                (Query("sum by (instance) (flagsite_stream_snapshots_waiting)", "{{instance}}"),),
            ),
        ),
    ),
    Row(
        "Snapshots and reports",
        (
            Panel(
                "Snapshot look-ups",
                "Per second: current in the process (hit), brought up to date by deltas, or built from the rows.",
                (Query(rate("flagsite_snapshot_lookups_total", by="result", labels=""), "{{result}}"),),
                unit="ops",
            ),
            Panel(
                "Building snapshots",
                "How long reading an environment whole took, when it was necessary, on average over all time.",
                (
                    Query(
                        "sum(flagsite_snapshot_build_seconds_sum) / sum(flagsite_snapshot_build_seconds_count)",
                        "average",
                    ),
                ),
                unit="s",
            ),
            Panel(
                "Reports of SDKs",
                "Batches per second, by what came of them, and rows in those that were taken.",
                (
                    Query(rate("flagsite_reports_total", by="result"), "batches {{result}}"),
                    Query(rate("flagsite_report_rows_total", by="kind", labels=""), "{{kind}}"),
                ),
                unit="ops",
            ),
            Panel(
                "Not recorded",
                "Evaluations per second that were decided, but not recorded, by why.",
                (Query(rate("flagsite_records_dropped_total", by="reason", labels=""), "{{reason}}"),),
                unit="ops",
            ),
        ),
    ),
)
