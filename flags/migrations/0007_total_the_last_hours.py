"""Totals of the last hours, filled from the counts that are there."""

from collections import Counter
from datetime import timedelta

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import TruncHour
from django.utils import timezone

LAST_HOURS = timedelta(hours=25)
AT_ONCE = 5_000


def fill(apps, schema_editor):
    """Add up what has been counted in the last day, so that the home page need not wait for one."""
    sums, errors = Counter(), Counter()
    for name, column in (('EvaluationCount', 'minute'), ('HourCount', 'hour')):
        rows = apps.get_model('flags', name).objects.filter(**{f'{column}__gte': timezone.now() - LAST_HOURS})
        rows = rows.order_by().values_list('environment', 'flag_key', TruncHour(column))
        for *slot, total, failed in rows.annotate(
            total=models.Sum('count'), failed=models.Sum('count', filter=models.Q(reason='ERROR'), default=0)
        ):
            sums[tuple(slot)] += total
            errors[tuple(slot)] += failed
    totals = apps.get_model('flags', 'HourTotal')
    totals.objects.bulk_create(
        (
            totals(environment_id=slot[0], flag_key=slot[1], hour=slot[2], count=total, errors=errors[slot])
            for slot, total in sums.items()
        ),
        batch_size=AT_ONCE,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_hash_context_ids'),
        ('flags', '0006_roll_counts_up'),
    ]

    operations = [
        migrations.CreateModel(
            name='HourTotal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hour', models.DateTimeField()),
                ('flag_key', models.CharField(max_length=128, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9._-]{0,127}\\Z', 'A key starts with a-z or 0-9 and goes on with up to 127 of a-z, 0-9, dot, dash and underscore.', code='invalid_key')])),
                ('count', models.PositiveBigIntegerField()),
                ('errors', models.PositiveBigIntegerField()),
                ('environment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.environment')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('environment', 'hour', 'flag_key'), name='hour_total_once_an_hour')],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
