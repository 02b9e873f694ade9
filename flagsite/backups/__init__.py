"""Backups of the whole installation: one file, from one moment, that says what is in it and proves it."""
