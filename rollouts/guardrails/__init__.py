"""Guardrails: what is asked for, the figures of its source, and the verdict."""
