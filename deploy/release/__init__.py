"""Releasing to a platform, and going back: docs/how-to/release.md."""
