"""What Celery does for the accounts app."""

from celery import shared_task

from accounts import services


@shared_task
def keep_second_factors() -> int:
    """Seal second factors under the present signing key; return how many were sealed under an older one."""
    return services.reseal_second_factors()
