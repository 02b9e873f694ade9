"""Pages for people, projects, keys and the audit log, and the base on which every app's pages stand."""

from accounts.admin import audit_log, invitations, keys, people, projects, second_factor

__all__ = ["audit_log", "invitations", "keys", "people", "projects", "second_factor"]
