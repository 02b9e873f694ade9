"""Django's settings, read from the environment through `flagsite.env`.

With no variable set, this is the embedded installation: SQLite in `DATA_DIR`, an in-process channel layer and an
in-memory Celery broker. `DATABASE_URL` and `REDIS_URL` switch the same code to PostgreSQL and Redis. Every variable
is listed in docs/reference/settings.md.
"""

import sys
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from flagsite import env, error_reports
from flagsite.appearance import UNFOLD  # noqa: F401 - a setting
from flagsite.beat import CELERY_BEAT_SCHEDULE, CELERY_BEAT_SCHEDULER, HEARTBEAT_SECONDS  # noqa: F401 - settings
from flagsite.logs import logging_configuration
from flagsite.openapi import SPECTACULAR_SETTINGS  # noqa: F401 - a setting
from flagsite.secret_key import own_secret_key
from flagsite.sign_in import *  # noqa: F403 - Django reads names; these have a module of their own

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# --- who may ask, and how ------------------------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", is_needed=True) or own_secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = [*env.secret_listing("SECRET_KEY_FALLBACKS"), *env.secret_before("SECRET_KEY")]
PUBLIC_URL = env.text("PUBLIC_URL")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")  # networks whose word is believed about who asks:
CLIENT_ADDRESS_HEADER = env.text("CLIENT_ADDRESS_HEADER", "X-Forwarded-For")

HTTPS_ONLY = env.boolean("HTTPS_ONLY", default=False)
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # whoever probes a process from beside it speaks plain HTTP
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", default=31_536_000) if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS and env.boolean("HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # other hosts of the domain are for their owners to decide
if env.boolean("HTTPS_FROM_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.boolean("SECURE_COOKIES", default=HTTPS_ONLY)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # no script needs them; forms carry their token
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # with Strict, a link from a chat would meet the sign-in page
# a browser takes a cookie of this prefix only when it is secure and of this very host
SESSION_COOKIE_NAME = "__Host-flagsite-session" if SESSION_COOKIE_SECURE else "flagsite-session"
CSRF_COOKIE_NAME = "__Host-flagsite-csrf" if CSRF_COOKIE_SECURE else "flagsite-csrf"
SESSION_COOKIE_AGE = 3600 * env.integer("SESSION_HOURS", default=12, least=1)  # from the sign-in, however busy
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}

# --- the apps, lowest last -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "flagsite.apps.FlagsiteConfig",
    "rollouts",
    "flags",
    "segments",
    "accounts",
    "unfold.apps.BasicAppConfig",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "auditlog",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_prometheus",
    "django_structlog",
    "flagsite.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "flagsite.request_log.RequestLog",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "flagsite.probes.HostCheck",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "flagsite.urls"
ASGI_APPLICATION = "flagsite.asgi.application"
WSGI_APPLICATION = "flagsite.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024  # a segment of 100,000 ids fits

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["flagsite.lib.ago"],
        },
    },
]

# --- where things are kept -----------------------------------------------------------------------------------------

DATABASE_URL = env.secret("DATABASE_URL", is_needed=True)
REDIS_URL = env.secret("REDIS_URL")

DATABASES: dict[str, Any]
if DATABASE_URL:
    DATABASES = {"default": {**dj_database_url.parse(DATABASE_URL), "CONN_HEALTH_CHECKS": True}}
    if DATABASES["default"]["ENGINE"].endswith("postgresql"):
        # a pool, because under ASGI every request may run in another thread
        DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
            "min_size": 1,
            "max_size": env.integer("DATABASE_POOL_SIZE", default=8, least=1),
            "timeout": 2.0,  # a request that gets no connection for so long is answered with 503
        }
        # what flagsite/lib/prepared sends is planned once for a connection; of Django's own cursors nothing is kept
        prepares = env.boolean("DATABASE_PREPARED_STATEMENTS", default=True)
        DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 0 if prepares else None
        # a server that is gone without a word is given up, and not waited for until the kernel does (libpq's names)
        for name, value in {"connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 10}.items():
            DATABASES["default"]["OPTIONS"].setdefault(name, value)
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "flagsite.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",  # writers queue up instead of failing half-way
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        },
    }

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"serializer": "flagsite.lib.plain_values.PlainValues"},  # Django's own runs what it reads
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        # redis-py 8 gives sockets a time-out as long as the layer's blocking read: idle readers would be dropped
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"},
}

CELERY_BROKER_URL = REDIS_URL or "memory://localhost/"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # what a worker has taken stands in the way of what is more urgent
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"

# --- language, time, files -----------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "flagsite.formats"

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", DATA_DIR / "static")
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
COLLECTED = (STATIC_ROOT / "staticfiles.json").is_file()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not COLLECTED

# --- the REST API --------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.HoldsApiToken"],  # DRF's own default lets everybody in
    "DEFAULT_THROTTLE_CLASSES": ["accounts.api.throttles.ByKey"],
    "DEFAULT_PARSER_CLASSES": ["flagsite.lib.json_body.JsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["flagsite.lib.json_body.JsonRenderer"],
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "flagsite.lib.problem_responses.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SERVER_KEY_RATE = env.integer("SERVER_KEY_RATE", default=5000)  # requests a second in each process; 0: no limit
API_TOKEN_RATE = env.integer("API_TOKEN_RATE", default=500)  # likewise
WRONG_KEY_RATE = env.integer("WRONG_KEY_RATE", default=10)  # likewise, of an address

# --- what SDKs are told, and when ----------------------------------------------------------------------------------

STREAM_HEARTBEAT_SECONDS = env.integer("STREAM_HEARTBEAT_SECONDS", default=10, least=1)
STREAM_MAX_CONNECTIONS = env.integer("STREAM_MAX_CONNECTIONS", default=10_000, least=1)
STREAM_CHECK_SECONDS = 1.0  # how often a stream process asks the database whether it missed a notification
STREAM_PRESENCE_SECONDS = 30.0  # how often a stream process writes down which SDKs are connected
STREAM_KEY_CHECK_SECONDS = 2.0  # how soon a revoked key loses its connections
REPORTED_ROWS_PER_DAY = env.integer("REPORTED_ROWS_PER_DAY", default=100_000_000)  # of an environment, in each process
REPORT_RETENTION_DAYS = env.integer("REPORT_RETENTION_DAYS", default=90, least=1)
COUNT_MINUTES_RETENTION_HOURS = env.integer("COUNT_MINUTES_RETENTION_HOURS", default=2, least=1)
COUNT_HOURS_RETENTION_DAYS = env.integer("COUNT_HOURS_RETENTION_DAYS", default=90, least=8)  # of a week, hours show
COUNT_DAYS_RETENTION_DAYS = env.integer("COUNT_DAYS_RETENTION_DAYS", default=730, least=8)
RECORD_EVALUATIONS = env.boolean("RECORD_EVALUATIONS", default=True)  # one by one and in the log; else only counted
RECORD_RETENTION_DAYS = env.integer("RECORD_RETENTION_DAYS", default=14, least=1)
CONTEXT_RETENTION_DAYS = env.integer("CONTEXT_RETENTION_DAYS", default=30, least=1)

# --- ramps ---------------------------------------------------------------------------------------------------------

PROMETHEUS_URL = env.text("PROMETHEUS_URL", default="")  # what guardrails are asked of; empty: there is none
PROMETHEUS_TIMEOUT_SECONDS = 5.0
GUARDRAIL_CHECK_SECONDS = env.integer("GUARDRAIL_CHECK_SECONDS", default=10, least=1)
GUARDRAIL_GRACE_SECONDS = env.integer("GUARDRAIL_GRACE_SECONDS", default=300, least=0)
CHECK_RETENTION_DAYS = env.integer("CHECK_RETENTION_DAYS", default=30, least=1)

# --- notices of ramps ----------------------------------------------------------------------------------------------

WEBHOOK_ALLOWED_NETWORKS = env.networks("WEBHOOK_ALLOWED_NETWORKS")  # not public, but webhooks may lead there
NOTICE_RETENTION_DAYS = env.integer("NOTICE_RETENTION_DAYS", default=30, least=1)

# --- metrics -------------------------------------------------------------------------------------------------------

METRICS_DIRECTORY = env.metrics_directory("PROMETHEUS_MULTIPROC_DIR")  # before prometheus_client is imported
WORKER_METRICS_PORT = env.integer("WORKER_METRICS_PORT", default=0)

# --- traces, whose other variables (OTEL_…) the OpenTelemetry SDK reads ---------------------------------------------

TRACING = bool(env.text("OTEL_EXPORTER_OTLP_ENDPOINT") or env.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))
if TRACING:
    TRACES_NAME = env.text("OTEL_SERVICE_NAME", "flagsite")
    env.unless_set("OTEL_SEMCONV_STABILITY_OPT_IN", "http")  # the stable names of HTTP's attributes, not the old ones

# --- logs and error reports ----------------------------------------------------------------------------------------

LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING = logging_configuration(level=LOG_LEVEL, as_json=env.boolean("LOG_JSON", default=not sys.stderr.isatty()))
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"

SENTRY_DSN = env.secret("SENTRY_DSN")
if SENTRY_DSN:
    import sentry_sdk

    sentry_sdk.init(**error_reports.options(SENTRY_DSN))
