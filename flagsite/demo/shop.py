"""What the demo's shop has: environments, segments and a dozen flags in the middle of their lives. Only data.

Each flag is a list of steps, the bodies that somebody would have sent to the API one after another; the first creates
it. So the demo has a history too.
"""

from typing import Any, Final

PROJECT: Final = {"key": "harbour-shop", "name": "Harbour Shop", "description": "An online shop for outdoor gear."}

RECORDED_ATTRIBUTES: Final = ("app_version", "beta", "country", "loyalty.tier", "organisation.kind", "plans")

ENVIRONMENTS: Final = (("development", "Development"), ("staging", "Staging"), ("production", "Production"))

SEGMENTS: Final[dict[str, dict[str, Any]]] = {
    "staff": {
        "name": "Staff",
        "description": "People who work for the shop.",
        "condition": {"attribute": "email", "operator": "ends_with", "value": "@harbour.example", "ignore_case": True},
        "excluded": ["user-intern-1"],
    },
    "beta-testers": {
        "name": "Beta testers",
        "description": "Customers who asked to see things early, and all staff.",
        "included": ["user-17", "user-42", "user-404"],
        "condition": {
            "any": [{"segment": "staff"}, {"attribute": "beta", "operator": "equals", "value": True}],
        },
    },
    "new-us-customers": {
        "name": "New customers in the US",
        "description": "In the US, and signed up this month.",
        "condition": {
            "all": [
                {"attribute": "country", "operator": "equals", "value": "US"},
                {"attribute": "signed_up_at", "operator": "in_current", "value": "month"},
            ],
        },
    },
    "big-spenders": {
        "name": "Big spenders",
        "description": "More than 1,000 spent, or a gold card.",
        "condition": {
            "any": [
                {"attribute": "lifetime_spend", "operator": "gt", "value": 1000},
                {"attribute": "loyalty.tier", "operator": "in", "value": ["gold", "platinum"]},
            ],
        },
    },
}

FLAGS: Final[dict[str, dict[str, Any]]] = {
    "new-checkout": {
        "create": {
            "name": "New checkout",
            "description": "The one-page checkout that replaces the four steps.",
            "type": "boolean",
            "tags": ["checkout", "release"],
        },
        "everywhere": {
            "enabled": True,
            "rules": [
                {"name": "Staff see it first", "if": {"segment": "staff"}, "serve": {"variation": "on"}},
                {
                    "name": "A quarter of the beta testers",
                    "if": {"segment": "beta-testers"},
                    "serve": {"variation": "on"},
                    "rollout_percentage": 25,
                },
            ],
        },
        "production": [
            {"rollout_percentage": 1, "comment": "First customers"},
            {"rollout_percentage": 10, "comment": "No complaints in two days"},
        ],
    },
    "free-shipping-banner": {
        "create": {
            "name": "Free shipping banner",
            "description": "What the banner above the basket says.",
            "type": "string",
            "tags": ["marketing", "experiment"],
            "variations": [
                {"key": "control", "value": "", "name": "No banner"},
                {"key": "plain", "value": "Free shipping from 50 €", "name": "Plain"},
                {"key": "urgent", "value": "Only today: free shipping from 50 €", "name": "Urgent"},
            ],
        },
        "everywhere": {"enabled": True, "fallthrough": {"variation": "plain"}},
        "production": [
            {
                "fallthrough": {
                    "split": [
                        {"variation": "control", "weight": 33.334},
                        {"variation": "plain", "weight": 33.333},
                        {"variation": "urgent", "weight": 33.333},
                    ],
                },
                "comment": "Which banner sells more?",
            },
        ],
    },
    "search-engine": {
        "create": {
            "name": "Search engine",
            "description": "Which engine answers the shop's search.",
            "type": "string",
            "tags": ["search", "infrastructure"],
            "variations": [
                {"key": "postgres", "value": "postgres"},
                {"key": "opensearch", "value": "opensearch"},
            ],
        },
        "everywhere": {"enabled": True, "fallthrough": {"variation": "opensearch"}},
        "production": [
            {
                "fallthrough": {"variation": "opensearch", "bucket_by": "organisation.id"},
                "rollout_percentage": 40,
                "comment": "By company, so that colleagues see the same results",
            },
        ],
    },
    "checkout-kill-switch": {
        "create": {
            "name": "Kill switch: take orders",
            "description": "Off stops taking orders within a second, everywhere.",
            "type": "boolean",
            "tags": ["checkout", "kill-switch"],
        },
        "everywhere": {"enabled": True},
        "production": [],
    },
    "express-payment": {
        "create": {
            "name": "Express payment",
            "description": "Pay with one tap; only where the new checkout is.",
            "type": "boolean",
            "tags": ["checkout", "release"],
        },
        "everywhere": {
            "enabled": True,
            "prerequisites": [{"flag": "new-checkout", "variation": "on"}],
            "rules": [
                {
                    "name": "Apps that know it",
                    "if": {
                        "all": [
                            {"attribute": "app_version", "operator": "semver_gte", "value": "4.2.0"},
                            {"not": {"attribute": "country", "operator": "in", "value": ["IN", "BR"]}},
                        ],
                    },
                    "serve": {"variation": "on"},
                    "rollout_percentage": 50,
                },
            ],
            "fallthrough": {"variation": "off"},
        },
        "production": [],
    },
    "page-size": {
        "create": {
            "name": "Products a page",
            "description": "How many products a list shows at once.",
            "type": "number",
            "tags": ["configuration"],
            "variations": [
                {"key": "small", "value": 24},
                {"key": "medium", "value": 48},
                {"key": "large", "value": 96},
            ],
        },
        "everywhere": {
            "enabled": True,
            "rules": [
                {
                    "name": "Phones",
                    "if": {"attribute": "user_agent", "operator": "regex", "value": "(?i)(android|iphone)"},
                    "serve": {"variation": "small"},
                },
            ],
            "fallthrough": {"variation": "medium"},
        },
        "production": [],
    },
    "recommendation-weights": {
        "create": {
            "name": "Recommendation weights",
            "description": "How the recommender weighs what it knows.",
            "type": "json",
            "tags": ["configuration", "search"],
            "variations": [
                {"key": "balanced", "value": {"bought_together": 0.5, "viewed": 0.3, "popular": 0.2}},
                {"key": "personal", "value": {"bought_together": 0.4, "viewed": 0.6, "popular": 0.0}},
            ],
        },
        "everywhere": {"enabled": True},
        "production": [
            {
                "rules": [
                    {
                        "name": "Half of the big spenders",
                        "if": {"segment": "big-spenders"},
                        "serve": {
                            "split": [
                                {"variation": "balanced", "weight": 50},
                                {"variation": "personal", "weight": 50},
                            ],
                        },
                    },
                ],
                "comment": "Do regulars want more of the same?",
            },
        ],
    },
    "welcome-discount": {
        "create": {
            "name": "Welcome discount",
            "description": "Ten per cent off for customers in the US who signed up this month.",
            "type": "boolean",
            "tags": ["marketing"],
        },
        "everywhere": {
            "enabled": True,
            "rules": [
                {"name": "New in the US", "if": {"segment": "new-us-customers"}, "serve": {"variation": "on"}},
            ],
            "fallthrough": {"variation": "off"},
        },
        "production": [],
    },
    "holiday-theme": {
        "create": {
            "name": "Holiday theme",
            "description": "Snow on the home page.",
            "type": "boolean",
            "tags": ["marketing"],
        },
        "everywhere": {},
        "production": [],
    },
    "support-chat": {
        "create": {
            "name": "Support chat",
            "description": "The chat in the corner, for customers who pay for it or are close to our office.",
            "type": "boolean",
            "tags": ["permission"],
        },
        "everywhere": {
            "enabled": True,
            "rules": [
                {
                    "name": "Paying plans",
                    "if": {"attribute": "plans", "operator": "any_of", "value": ["pro", "enterprise"]},
                    "serve": {"variation": "on"},
                },
                {
                    "name": "From the office",
                    "if": {"attribute": "ip", "operator": "ip_in", "value": ["192.0.2.0/24", "2001:db8::/32"]},
                    "serve": {"variation": "on"},
                },
            ],
            "fallthrough": {"variation": "off"},
            "targets": [{"variation": "on", "ids": ["user-1", "user-2"]}],
        },
        "production": [],
    },
    "image-cdn": {
        "create": {
            "name": "Image CDN",
            "description": "Where product images come from.",
            "type": "string",
            "tags": ["infrastructure"],
            "variations": [
                {"key": "origin", "value": "https://images.harbour.example"},
                {"key": "cdn", "value": "https://cdn.harbour.example"},
            ],
        },
        "everywhere": {"enabled": True, "fallthrough": {"variation": "cdn"}},
        "production": [{"rollout_percentage": 12.5, "comment": "An eighth, to watch the cache fill"}],
    },
    "api-rate-limit": {
        "create": {
            "name": "API rate limit",
            "description": "Requests a minute that a partner may make.",
            "type": "number",
            "tags": ["configuration", "permission"],
            "variations": [{"key": "standard", "value": 600}, {"key": "partner", "value": 6000}],
        },
        "everywhere": {
            "enabled": True,
            "rules": [
                {
                    "name": "Partners who joined before the change of terms",
                    "if": {
                        "all": [
                            {"attribute": "organisation.kind", "operator": "equals", "value": "partner"},
                            {"attribute": "joined_at", "operator": "before", "value": "2026-01-01T00:00:00Z"},
                        ],
                    },
                    "serve": {"variation": "partner"},
                },
            ],
        },
        "production": [],
    },
}
