"""Pages for flags, environments, their history and what SDKs report."""

from flags.admin import environments
from flags.admin.flags import registration
from flags.admin.history import pages, revisions
from flags.admin.reviews import change_requests
from flags.admin.usage import reports

__all__ = ["change_requests", "environments", "pages", "registration", "reports", "revisions"]
