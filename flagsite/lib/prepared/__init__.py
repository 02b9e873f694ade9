"""Statements that are put into SQL once, because writing them takes longer than what they ask for.

For a road that is measured (docs/explanation/server-speed.md, decisions 0024 and 0029): reads by a key, and single rows
that are written. Everything else asks the ORM in the ordinary way. What a statement is about stands where it stood
before, in `querysets`, `permissions` and services; here is only how it is kept and sent.
"""

from flagsite.lib.prepared.reads import Given, Prepared
from flagsite.lib.prepared.writes import Insert, Update

__all__ = ["Given", "Insert", "Prepared", "Update"]
