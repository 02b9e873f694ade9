"""The heartbeat of Celery: beat sends it, a worker takes it, the metrics say how late both were."""

from typing import Any

from celery import Task, shared_task

from flagsite.work_metrics import beaten


@shared_task(bind=True)
def heartbeat(self: Task[Any, Any]) -> None:
    """Say that beat and worker live."""
    beaten(due_at=self.request.get("flagsite_due"), sent_at=self.request.get("flagsite_sent"))
