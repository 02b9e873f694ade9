"""Flags: their state, revisions, snapshots, publishing, what SDKs download and report, and evaluation."""
