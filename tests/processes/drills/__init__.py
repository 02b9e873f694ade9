"""Reliability drills: something is killed, filled, cut or set wrong while everybody is at work; then all is well again.

What is drilled and what each drill shows: docs/explanation/reliability-drills.md.
"""
