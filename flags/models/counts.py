"""How often flags were evaluated: by the minute, later by the hour, in the end by the day.

A count stands in exactly one of the three tables. Rolling up moves it on (flags/services/rollups.py), so the sum over
all three is always what was reported. Beside them stand totals of the last hours, for who asks about all flags at once.
"""

from typing import ClassVar

from django.db import models

from accounts.models import Environment
from flagsite.lib.keys import MAX_KEY, validate_key


class Counted(models.Model):
    """What is counted together, whatever the resolution."""

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    flag_key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    variation = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=32)
    error_code = models.CharField(max_length=32, blank=True)
    count = models.PositiveBigIntegerField()

    class Meta:
        abstract = True


class EvaluationCount(Counted):
    """How often a flag was evaluated to a variation for a reason, within one minute."""

    minute = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-minute"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "flag_key", "variation", "reason", "error_code", "minute"],
                name="evaluation_count_once_a_minute",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "minute"], name="evaluation_count_in_time")]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.count} × {self.variation or 'error'} at {self.minute:%F %H:%M}"


class HourCount(Counted):
    """The same within one hour, once its minutes are over."""

    hour = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "flag_key", "hour", "variation", "reason", "error_code"],
                name="hour_count_once_an_hour",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "hour"], name="hour_count_in_time")]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.count} × {self.variation or 'error'} in the hour of {self.hour:%F %H:%M}"


class DayCount(Counted):
    """The same within one day (UTC), once its hours are long over."""

    day = models.DateTimeField()
    """The day's midnight, so that the three tables are read alike."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["environment", "flag_key", "day", "variation", "reason", "error_code"],
                name="day_count_once_a_day",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["environment", "day"], name="day_count_in_time")]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.count} × {self.variation or 'error'} on {self.day:%F}"


class HourTotal(models.Model):
    """How often a flag was evaluated within one hour, whatever came out, and how often of that it failed.

    Kept while counts are added, for the last hours only: what is said of all flags would else be added up from every
    series of every minute.
    """

    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()
    flag_key = models.CharField(max_length=MAX_KEY, validators=[validate_key])
    count = models.PositiveBigIntegerField()
    errors = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "hour", "flag_key"], name="hour_total_once_an_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.flag_key}: {self.count} in the hour of {self.hour:%F %H:%M}"
