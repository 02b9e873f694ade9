"""English, the one language."""
