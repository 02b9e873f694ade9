"""Pages for flags, environments, their history and what SDKs report."""

from flags.admin import environments, flags, history, reports, revisions

__all__ = ["environments", "flags", "history", "reports", "revisions"]
