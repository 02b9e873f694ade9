"""The project as an app: it holds the commands that concern the whole installation."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class FlagsiteConfig(AppConfig):
    """What Django is told of the project."""

    name = "flagsite"
    verbose_name = "Flagsite"

    def ready(self) -> None:
        """Measure what Celery does in this process, from now on."""
        from flagsite.work_metrics import connect  # prometheus_client reads the environment that the settings prepare

        connect()


class AdminConfig(DjangoAdminConfig):
    """Django's admin, with our site as the one on which apps register their pages."""

    default_site = "flagsite.admin.FlagsiteAdmin"
