"""Change requests in the admin: from a page that was saved to what is published."""
