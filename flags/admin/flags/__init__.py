"""Flags in the admin: the list, a flag's page with its editor, and what is done from the list."""
