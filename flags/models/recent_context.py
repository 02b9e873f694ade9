"""Who was seen lately: contexts that a flag was decided for, with the attributes that the project lets us keep."""

from typing import ClassVar

from django.db import models

from accounts.models import Environment
from flags.limits import MAX_SEEN_ID
from flagsite.lib.stored_json import JsonDecoder


class RecentContext(models.Model):
    """A context as it was seen last in an environment; `attributes` by their paths, without its id."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    context_id = models.CharField(max_length=MAX_SEEN_ID)
    attributes = models.JSONField(default=dict, decoder=JsonDecoder)
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-seen_at", "context_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "context_id"], name="recent_context_once_an_environment"),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "-seen_at"], name="recent_context_newest")]

    def __str__(self) -> str:
        return self.context_id
