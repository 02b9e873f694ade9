"""Pages for flags, environments, their history and what SDKs report."""

from flags.admin import change_requests, environments, flags, history, reports, revisions

__all__ = ["change_requests", "environments", "flags", "history", "reports", "revisions"]
