from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F

TOLD_AFTER = timedelta(minutes=15)


def plan(apps: Any, schema_editor: Any) -> None:
    """Have it told of the steps that running ramps wait for already."""
    del schema_editor
    Ramp, Step = apps.get_model("rollouts", "Ramp"), apps.get_model("rollouts", "Step")
    for step in Step.objects.filter(ramp__status="running", position=F("ramp__position") + 1).select_related("ramp"):
        due_at = step.at or step.ramp.stepped_at + (step.after or timedelta(0))
        told_at = due_at if step.needs_confirmation else due_at + TOLD_AFTER
        Ramp.objects.filter(pk=step.ramp_id).update(told_at=told_at)


class Migration(migrations.Migration):

    dependencies = [
        ('rollouts', '0006_looking_until'),
    ]

    operations = [
        migrations.AddField(
            model_name='ramp',
            name='lacked_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='ramp',
            name='told_at',
            field=models.DateTimeField(db_index=True, null=True),
        ),
        migrations.SeparateDatabaseAndState(  # a choice is no business of the database
            state_operations=[
                migrations.AlterField(
                    model_name='occurrence',
                    name='kind',
                    field=models.CharField(choices=[('proposed', 'Proposed'), ('approved', 'Approved'), ('started', 'Started'), ('step', 'Step'), ('waiting', 'Waiting'), ('changed', 'Changed'), ('paused', 'Paused'), ('resumed', 'Resumed'), ('guardrail', 'Guardrail'), ('rolled_back', 'Rolled back'), ('stopped', 'Stopped'), ('finished', 'Finished')], max_length=20),
                ),
            ],
        ),
        migrations.RunPython(plan, migrations.RunPython.noop),
    ]
