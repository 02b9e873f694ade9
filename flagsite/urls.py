"""Every address of the installation; those of the stream are in `flagsite.asgi`."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from flagsite.api_document import KeptSchema
from flagsite.exposition import metrics
from flagsite.health import healthz, readyz

FAVICON = lazy(static, str)("flagsite/favicon.svg")

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("", include("rollouts.api.urls")),
    path("", include("flags.api.urls")),
    path("", include("segments.api.urls")),
    path("", include("accounts.api.urls")),
    path("openapi.json", SpectacularJSONAPIView.as_view(generator_class=KeptSchema), name="openapi"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
    path("favicon.ico", RedirectView.as_view(url=FAVICON)),  # asked for where no page names one
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]

handler400 = "flagsite.lib.problem_responses.bad_request"
handler404 = "flagsite.refusals.page_not_found"
handler500 = "flagsite.refusals.server_error"
