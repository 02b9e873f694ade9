"""Django's settings of how the admin looks: Unfold's titles, styles, scripts and navigation.

`flagsite.settings` takes the name over.
"""

from typing import Any

from django.templatetags.static import static

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Flagsite",
    "SITE_HEADER": "Flagsite",
    "SITE_SUBHEADER": "Feature flags",
    "SITE_URL": None,
    "SITE_SYMBOL": "flag",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("flagsite/favicon.svg"),  # noqa: ARG005 - Unfold hands the request in
        }
    ],
    "STYLES": [
        lambda request: static("flagsite/colors.css"),  # noqa: ARG005
        lambda request: static("flagsite/admin.css"),  # noqa: ARG005
        lambda request: static("flagsite/entrance.css"),  # noqa: ARG005
    ],
    "SCRIPTS": [
        lambda request: static("flagsite/htmx.js"),  # noqa: ARG005
        lambda request: static("flagsite/finding.js"),  # noqa: ARG005
    ],
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "rollouts.admin.home.dashboard",
    "ACCOUNT": {"navigation": "flagsite.admin.account_links"},
    "SIDEBAR": {
        "show_search": True,
        "navigation": "flagsite.admin.navigation",
    },
}
