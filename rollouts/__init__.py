"""Ramps and guardrails: they edit flags over time, through the flags' services."""
