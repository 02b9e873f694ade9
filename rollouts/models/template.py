"""A team's own template of ramps, beside those that come with Flagsite (`rollouts/templates.py`)."""

from typing import ClassVar

from django.db import models

from accounts.models import Project
from flagsite.lib.keys import MAX_KEY, validate_key
from flagsite.lib.stored_json import JsonDecoder


class RampTemplate(models.Model):
    """Steps and guardrails under a name, as the REST API takes them."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="ramp_templates")
    key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    name = models.CharField(max_length=200)
    steps = models.JSONField(decoder=JsonDecoder)
    guardrails = models.JSONField(decoder=JsonDecoder, default=list)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "key"], name="ramp_template_key_unique_in_project"),
        ]

    def __str__(self) -> str:
        return self.name
