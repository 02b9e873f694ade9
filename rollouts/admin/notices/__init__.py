"""Pages of webhooks, of e-mail notices, and of what was delivered to them."""

from rollouts.admin.notices import deliveries, mails, webhooks

__all__ = ["deliveries", "mails", "webhooks"]
