"""What is missing in what SDKs report, in a sentence; empty where they say that nothing is."""

from datetime import datetime

from django.db.models import Min, Q, Sum

from accounts.models import Environment
from flags.models import SdkLoss


def missing_records(environment: Environment, *, since: datetime | None) -> str:
    """Say how many evaluations SDKs should have recorded and have not, since a moment or ever."""
    if not (found := _lost(environment, "records", since)):
        return ""
    return (
        f"Rows are missing: SDKs in this environment have dropped {found}, of whichever flags, that they should have "
        "recorded. The counts are not concerned."
    )


def missing_counts(environment: Environment, *, since: datetime | None) -> str:
    """Say likewise how many evaluations SDKs should have counted and have not."""
    if not (found := _lost(environment, "counts", since)):
        return ""
    return f"The numbers are too small: SDKs in this environment have lost the counts of {found}, of whichever flags."


def _lost(environment: Environment, what: str, since: datetime | None) -> str:
    when = Q() if since is None else Q(hour__gte=since.replace(minute=0, second=0, microsecond=0))
    rows = SdkLoss.objects.filter(when, environment=environment, **{f"{what}__gt": 0})
    found = rows.aggregate(number=Sum(what), first=Min("hour"))
    number, first = found["number"], found["first"]
    return f"{number:,} evaluation{'s' * (number != 1)} since {first:%-d %b %Y, %H:%M} UTC" if number else ""
