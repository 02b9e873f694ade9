from typing import Any

from django.conf import settings
from django.db import migrations, models
from django.db.models import F, OuterRef, Subquery

ACTIVE = ("awaiting_approval", "running", "paused")


def take_over(apps: Any, schema_editor: Any) -> None:
    """Take what each ramp finds for what it left: what was changed by hand before is told by its values alone."""
    del schema_editor
    Ramp, State = apps.get_model("rollouts", "Ramp"), apps.get_model("flags", "FlagState")
    state = State.objects.filter(pk=OuterRef("state"))
    active = Ramp.objects.filter(status__in=ACTIVE)
    active.update(
        seen_version=Subquery(state.values("version")[:1]),
        seen_revision=Subquery(state.values(revision=F("environment__revision"))[:1]),
    )
    Hand = Ramp.hands.through
    written = active.filter(approved_by="").exclude(author=None).values_list("pk", "author")
    Hand.objects.bulk_create(Hand(ramp_id=ramp, user_id=author) for ramp, author in written)


class Migration(migrations.Migration):

    dependencies = [
        ('flags', '0006_roll_counts_up'),
        ('rollouts', '0004_ramps_that_are_held'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='ramp',
            name='hands',
            field=models.ManyToManyField(related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ramp',
            name='seen_revision',
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='ramp',
            name='seen_version',
            field=models.PositiveBigIntegerField(null=True),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
