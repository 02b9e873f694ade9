"""The project as an app: it holds the commands that concern the whole installation."""

import structlog
from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig

log = structlog.get_logger(__name__)


class FlagsiteConfig(AppConfig):
    """What Django is told of the project."""

    name = "flagsite"
    verbose_name = "Flagsite"

    def ready(self) -> None:
        """Write down who comes and goes, measure what Celery does, and trace when the operator wants it, from now on.

        This app is ready first. Others load pages, and with them axes: a lock-out would stand before its failure.
        """
        from accounts import sign_ins  # models can be imported only now
        from flagsite import work_metrics  # prometheus_client reads the environment that the settings prepare

        sign_ins.connect()
        work_metrics.connect()
        if settings.TRACING:
            _start_tracing()


def _start_tracing() -> None:
    """Load OpenTelemetry; a process that has it not serves without: the variable may be set for a whole cluster."""
    try:
        from flagsite import telemetry
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("opentelemetry"):
            raise
        log.warning("tracing_is_not_installed", install="pip install 'flagsite[otel]'")
    else:
        telemetry.start()


class AdminConfig(DjangoAdminConfig):
    """Django's admin, with our site as the one on which apps register their pages."""

    default_site = "flagsite.admin.FlagsiteAdmin"
