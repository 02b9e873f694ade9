"""Noting which SDKs are there, as their reports and their streams show it."""

from collections.abc import Mapping
from datetime import datetime

from flags.models import SdkInstance
from flags.usage.reports import Sdk


def note_instances(seen: Mapping[tuple[int, str], Sdk], *, at: datetime) -> None:
    """Write down that SDKs, by the environment's id and their own, are there; in one order for everybody."""
    rows = [
        SdkInstance(
            environment_id=environment,
            instance=instance,
            name=sdk.name,
            version=sdk.version,
            revision=sdk.revision,
            reported_at=at,
        )
        for (environment, instance), sdk in sorted(seen.items(), key=lambda item: item[0])
    ]
    SdkInstance.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["environment", "instance"],
        update_fields=["name", "version", "revision", "reported_at"],
    )
