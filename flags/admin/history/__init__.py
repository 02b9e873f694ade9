"""The timeline, one change side by side, restoring, and revisions."""
