"""Django's settings of what Celery's beat has done, and how often in seconds. `flagsite.settings` takes the names over.

A task that nobody took in time expires where the next one does the same work.
"""

HEARTBEAT_SECONDS = 10.0  # how often beat and a worker show that they live
CELERY_BEAT_SCHEDULER = "flagsite.scheduler:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "heartbeat": {"task": "flagsite.tasks.heartbeat", "schedule": HEARTBEAT_SECONDS, "options": {"expires": 60.0}},
    "forget-reports": {"task": "flags.tasks.forget_reports", "schedule": 3600.0},
    "roll-up-counts": {"task": "flags.tasks.roll_up_counts", "schedule": 300.0},
    "forget-contexts": {"task": "flags.tasks.forget_contexts", "schedule": 3600.0},
    "keep-record-days": {"task": "flags.tasks.keep_record_days", "schedule": 3600.0},
    "publish-due": {"task": "flags.tasks.publish_due", "schedule": 5.0, "options": {"expires": 30.0}},
    "advance-ramps": {"task": "rollouts.tasks.advance_ramps", "schedule": 1.0, "options": {"expires": 10.0}},
    "check-guardrails": {"task": "rollouts.tasks.check_guardrails", "schedule": 2.0, "options": {"expires": 10.0}},
    "ask-prometheus": {"task": "rollouts.tasks.ask_prometheus", "schedule": 2.0, "options": {"expires": 10.0}},
    "forget-checks": {"task": "rollouts.tasks.forget_checks", "schedule": 3600.0},
    "send-notices": {"task": "rollouts.tasks.send_notices", "schedule": 10.0, "options": {"expires": 30.0}},
    "keep-second-factors": {"task": "accounts.tasks.keep_second_factors", "schedule": 3600.0},
    "keep-notices": {"task": "rollouts.tasks.keep_notices", "schedule": 3600.0},
}
